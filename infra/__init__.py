"""The Pulumi program: what exists in a Google Cloud project so that open models can be tuned and served."""

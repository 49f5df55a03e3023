"""The tokens of a data file, counted by the model's own tokenizer."""

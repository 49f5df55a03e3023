"""The catalogue's models: which can be tuned how, where, at what price, and on what they can be served."""

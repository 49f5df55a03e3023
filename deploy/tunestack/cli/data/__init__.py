"""`tunestack data`: looks at training data, and prepares it, before anything is uploaded or paid for."""

"""The TuningJob resource: what a program says of it, what a change means, where it starts from, and its life."""

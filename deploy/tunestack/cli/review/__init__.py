"""What runs beside a repository's pull requests: which stacks a change touches, comments, kept plans, drift."""

"""Verdicts of earlier checks, kept where the data lies, so that nobody reads the same bytes twice."""

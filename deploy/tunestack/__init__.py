"""Tuned models on Google Cloud as infrastructure as code."""

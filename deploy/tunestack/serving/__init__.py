"""Serving: a checkpoint as a model version, on an endpoint, and what it answers."""

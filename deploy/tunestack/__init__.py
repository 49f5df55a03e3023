"""Tuned models on Google Cloud as infrastructure as code."""

from tunestack.resources import Dataset, ModelDeployment, Provider, TunedModel, TuningJob

__all__ = ["Dataset", "ModelDeployment", "Provider", "TunedModel", "TuningJob"]

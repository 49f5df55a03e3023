"""Tuned models on Google Cloud as infrastructure as code."""

from tunestack.resources import AgentAccess, Dataset, ModelDeployment, Provider, QuotaRequest, TunedModel, TuningJob

__all__ = ["AgentAccess", "Dataset", "ModelDeployment", "Provider", "QuotaRequest", "TunedModel", "TuningJob"]

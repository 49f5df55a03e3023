"""What a Pulumi program declares: typed arguments and outputs, nothing else.

Everything that happens to these resources happens in `tunestack.provider`.
"""

from tunestack.resources.agent_access import AgentAccess
from tunestack.resources.dataset import Dataset
from tunestack.resources.model_deployment import ModelDeployment
from tunestack.resources.provider import Provider
from tunestack.resources.quota_request import QuotaRequest
from tunestack.resources.tuned_model import TunedModel
from tunestack.resources.tuning_job import TuningJob

__all__ = ["AgentAccess", "Dataset", "ModelDeployment", "Provider", "QuotaRequest", "TunedModel", "TuningJob"]

"""What a Pulumi program declares: typed arguments and outputs, nothing else.

Everything that happens to these resources happens in `tunestack.provider`.
"""

from tunestack.resources.agent_access import AgentAccess
from tunestack.resources.checkpoint_copy import CheckpointCopy
from tunestack.resources.dataset import Dataset
from tunestack.resources.model_deployment import ModelDeployment
from tunestack.resources.provider import Provider
from tunestack.resources.quota_request import QuotaRequest
from tunestack.resources.tuned_model import TunedModel
from tunestack.resources.tuning_job import TuningJob
from tunestack.resources.tuning_run import TuningRun, get_run, get_run_output

__all__ = [
    "AgentAccess",
    "CheckpointCopy",
    "Dataset",
    "ModelDeployment",
    "Provider",
    "QuotaRequest",
    "TunedModel",
    "TuningJob",
    "TuningRun",
    "get_run",
    "get_run_output",
]

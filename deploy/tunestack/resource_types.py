"""Types of resources that several rooms look for in states and events, as the engine names them."""

from __future__ import annotations

from typing import Final

OWN: Final = "tunestack:index:"
"""Before the types of Tunestack's own resources."""

JOB: Final = f"{OWN}TuningJob"
MODEL: Final = f"{OWN}TunedModel"
COPY: Final = f"{OWN}CheckpointCopy"
DEPLOYMENT: Final = f"{OWN}ModelDeployment"
BUCKET: Final = "gcp:storage/bucket:Bucket"
ENDPOINT: Final = "gcp:vertex/aiEndpoint:AiEndpoint"

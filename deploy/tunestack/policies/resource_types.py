"""Types of the resources that several policies look at, as the engine names them."""

from __future__ import annotations

from typing import Final

JOB: Final = "tunestack:index:TuningJob"
COPY: Final = "tunestack:index:CheckpointCopy"
DEPLOYMENT: Final = "tunestack:index:ModelDeployment"
BUCKET: Final = "gcp:storage/bucket:Bucket"
ENDPOINT: Final = "gcp:vertex/aiEndpoint:AiEndpoint"

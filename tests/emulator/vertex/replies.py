"""Reads replies of Vertex AI as the official protobuf types, strictly."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

from google.api.httpbody_pb2 import HttpBody  # type: ignore[import-untyped]
from google.cloud.aiplatform_v1beta1 import types
from google.genai import types as genai_types
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2, json_format

_PATH = re.compile(r"(?:/vertex)?/(?P<version>v1beta1|v1|ui)/projects/[^/]+/locations/[^/:]+(?P<rest>[/:].*)")

_OPERATION = operations_pb2.Operation
_TYPES: tuple[tuple[str, str, Any], ...] = (
    ("POST", r"/tuningJobs", types.TuningJob),
    ("GET", r"/tuningJobs", types.ListTuningJobsResponse),
    ("POST", r"/tuningJobs/[^/]+:cancel", empty_pb2.Empty),
    ("GET", r"/tuningJobs/[^/]+", types.TuningJob),
    ("GET", r"/metadataStores/default/contexts/[^/]+", types.Context),
    ("GET", r"/models", types.ListModelsResponse),
    ("GET", r"/models/[^/]+:listVersions", types.ListModelVersionsResponse),
    ("GET", r"/models/[^/]+:listCheckpoints", types.ListModelVersionCheckpointsResponse),
    ("POST", r"/models/[^/]+:mergeVersionAliases", types.Model),
    ("GET", r"/models/[^/]+", types.Model),
    ("PATCH", r"/models/[^/]+", types.Model),
    ("GET", r"/endpoints", types.ListEndpointsResponse),
    ("GET", r"/endpoints/[^/]+", types.Endpoint),
    ("PATCH", r"/endpoints/[^/]+", types.Endpoint),
    ("POST", r"/endpoints/[^/]+:predict", types.PredictResponse),
    ("POST", r"/endpoints/[^/]+:generateContent", types.GenerateContentResponse),
    ("POST", r"/endpoints/[^/]+(/chat/completions|:rawPredict)", HttpBody),
    ("POST", r":recommendSpec", types.RecommendSpecResponse),
    ("POST", r"/.*operations/[^/]+:cancel", empty_pb2.Empty),
    ("GET", r"/.*operations", operations_pb2.ListOperationsResponse),
    ("GET", r"/.*operations/[^/]+", _OPERATION),
    ("POST", r"/.*operations/[^/]+:wait", _OPERATION),
    ("POST", r"/models:upload|/endpoints|/endpoints/[^/]+:(un)?deployModel", _OPERATION),
    ("POST", r"/endpoints/[^/]+:mutateDeployedModel|:deploy", _OPERATION),
    ("DELETE", r"/models/[^/]+|/endpoints/[^/]+", _OPERATION),
)

# In google-genai and the REST reference, but not, or not with all their fields, in the protobuf type of
# google-cloud-aiplatform 2.7.
_ONLY_IN_GENAI = {"tuningJobState", "tuningJobMetadata", "gcsMetricsUri", "distillationSpec"}


def check_reply(method: str, url: str, status: int, content: bytes) -> None:
    """Fails on a reply of Vertex AI that is not its method's type; other replies pass.

    Raises:
        AssertionError: no type is known for the method.
        json_format.ParseError: a field is unknown or has another type.
    """
    match = _PATH.fullmatch(urlsplit(url).path)
    if match is None or status != 200:
        return
    body = json.loads(content)
    rest = match["rest"]
    kind = next((kind for verb, path, kind in _TYPES if verb == method and re.fullmatch(path, rest)), None)
    assert kind is not None, f"no type is known for the reply of {method} {rest}"
    for job in body.get("tuningJobs", [body] if kind is types.TuningJob else []):
        genai_types.TuningJob.model_validate(
            {field: job.pop(field) for field in _ONLY_IN_GENAI & job.keys()}  # refuses unknown fields by itself
        )
    if kind is not HttpBody:  # its content is the model server's own
        message = kind.pb(kind()) if hasattr(kind, "pb") else kind()
        json_format.ParseDict(body, message, ignore_unknown_fields=False)

"""What serving takes of Google's generated `aiplatform_v1beta1`, each name imported when it is first asked for."""

from __future__ import annotations

import importlib
from typing import Any, Final

from tunestack.package_parts import import_in_parts

_PACKAGE: Final = "google.cloud.aiplatform_v1beta1"

_MODULES: Final = {
    "services.endpoint_service": ("EndpointServiceClient",),
    "services.model_garden_service": ("ModelGardenServiceClient",),
    "services.model_service": ("ModelServiceClient",),
    "types.endpoint": ("DeployedModel", "Endpoint", "RolloutOptions"),
    "types.endpoint_service": ("DeployModelRequest",),
    "types.env_var": ("EnvVar",),
    "types.machine_resources": ("DedicatedResources", "MachineSpec"),
    "types.model": ("Model", "ModelContainerSpec", "Port"),
    "types.model_garden_service": ("DeployRequest",),
    "types.model_service": (
        "RecommendSpecRequest",
        "RecommendSpecResponse",
        "UploadModelRequest",
        "UploadModelResponse",
    ),
}
_MODULE_OF: Final = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{_PACKAGE}.{_MODULE_OF[name]}"), name)


for _each in (_PACKAGE, f"{_PACKAGE}.types"):
    import_in_parts(_each)

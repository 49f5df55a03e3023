"""Models and their versions: upload, get, list, patch, aliases, delete."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from emulator.clock import timestamp
from emulator.paging import page
from emulator.vertex import labels, listing
from emulator.vertex.calls import new_id
from emulator.vertex.operations import Effect, deletion
from emulator.vertex.refusals import already_exists, failed_precondition, invalid_argument, invalid_fields, not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from emulator.services import Services
    from emulator.vertex.calls import Call, Place
    from emulator.vertex.checkpoints import Checkpoints
    from emulator.vertex.operations import Operations
    from emulator.vertex.settings import VertexSettings

_COLLECTION = "models"
# "up to 63 characters, and valid characters are [a-z0-9_-]. The first character cannot be a number or hyphen":
# UploadModelRequest.model_id. Ids that the service makes itself are numbers.
_ID = re.compile(r"[a-z_][a-z0-9_-]{0,62}")
# Model.version_aliases
_ALIAS = re.compile(r"[a-z][a-zA-Z0-9-]{0,126}[a-z0-9]")
_CHANGEABLE = {"displayName", "description", "versionDescription", "labels", "defaultCheckpointId"}
_OF_CONTAINERS = {
    "supportedDeploymentResourcesTypes": ["DEDICATED_RESOURCES"],
    "modelSourceInfo": {"sourceType": "CUSTOM"},
}
_KEPT_ELSEWHERE = {"name", "versionId", "versionAliases", "deployedModels"}
_FILTERS = {"displayName": "displayName", "model": "name"}


class Models:
    """The models of one emulator. A document has the versions by number, the aliases, and the next number."""

    def __init__(
        self, services: Services, settings: VertexSettings, operations: Operations, checkpoints: Checkpoints
    ) -> None:
        self._documents = services.documents
        self._service_usage = services.service_usage
        self._settings = settings
        self._operations = operations
        self._checkpoints = checkpoints
        self.deployments: Callable[[str], Iterable[dict[str, str]]] = lambda _: ()
        """The deployed models of a model: `endpoint`, `deployedModelId` and `version` of each."""
        self.default_changed: Callable[[str, str], None] = lambda _name, _checkpoint: None
        """Called with `MODEL@VERSION` and its new default checkpoint."""
        self.forgotten: Callable[[str], None] = lambda _name: None
        """Called with `MODEL@VERSION` after it was deleted."""
        operations.register("UploadModel", Effect("UploadModelResponse", self._finish_upload))
        operations.register("DeleteModel", deletion(self._finish_delete))
        operations.register("DeleteModelVersion", deletion(self._finish_delete_version))

    def upload(self, call: Call) -> dict[str, Any]:
        """Starts the upload of a model, or of the next version of one that exists."""
        self._service_usage.require_agents(call.place.project)
        request = call.read("UploadModelRequest")
        model = request.get("model", {})
        self._check(model)
        if "parentModel" in request:
            model_id = call.place.own(request["parentModel"], "models").partition("@")[0]
            self._require(f"{call.place.name}/models/{model_id}")
        else:
            model_id = request.get("modelId") or new_id()
            self.check_new(call.place, model_id, chosen="modelId" in request)
        for alias in model.get("versionAliases", ()):
            _check_alias(alias)
        name = f"{call.place.name}/models/{model_id}"
        details = {"name": name, "model": model, "version": "parentModel" in request}
        return self._operations.start(call, "UploadModel", details, delay=self._settings.operation, parent=name)

    def get(self, call: Call) -> dict[str, Any]:
        """Returns a version: `ID` the default one, `ID@2` by number, `ID@alias` by alias."""
        return self.find(call.place, call.part("model"))

    def list_page(self, call: Call) -> dict[str, Any]:
        """Returns the default versions of the models in a location."""
        documents = self._documents.list(_COLLECTION, f"{call.place.name}/models/")
        found = [self._shown(name, document, document["aliases"]["default"]) for name, document in documents]
        return listing.answer(call, "models", found, _FILTERS)

    def list_versions(self, call: Call) -> dict[str, Any]:
        """Returns all versions of a model."""
        name, document = self._of(call)
        found = [self._shown(name, document, version, named=True) for version in document["versions"]]
        return listing.answer(call, "models", found, _FILTERS)

    def list_checkpoints(self, call: Call) -> dict[str, Any]:
        """Returns the checkpoints of a version; only tuned Gemini models have any."""
        name, document = self._of(call)
        version = call.part("model").partition("@")[2]
        # "If no version ID or alias is specified, the latest version will be used": ListModelVersionCheckpointsRequest.
        number = self.number(name, document, version) if version else max(document["versions"], key=int)
        found = document["versions"][number].get("checkpoints", [])
        return page("checkpoints", found, call.request, default=listing.LARGEST_PAGE, limit=listing.LARGEST_PAGE)

    def patch(self, call: Call) -> dict[str, Any]:
        """Changes what may change about a version."""
        sent = call.read("Model")
        # "Required" of UpdateModelRequest; google-genai's models.update sends none all the same.
        mask = call.mask() if call.parameter("updateMask") else list(sent)
        if unknown := sorted(set(mask) - _CHANGEABLE):
            raise invalid_argument(f"These fields of a model cannot be updated: {', '.join(unknown)}.")
        labels.check(sent.get("labels", {}))
        with self._documents.transaction():
            name, document = self._of(call)
            number = self.number(name, document, call.part("model").partition("@")[2])
            version = document["versions"][number]
            if "defaultCheckpointId" in mask:
                _check_checkpoint(f"{name}@{number}", version, sent.get("defaultCheckpointId", ""))
                self.default_changed(f"{name}@{number}", sent["defaultCheckpointId"])
            for field in mask:
                version.pop(field, None)
                if field in sent:
                    version[field] = sent[field]
            version["updateTime"] = version["versionUpdateTime"] = timestamp()
            self._documents.put(_COLLECTION, name, document)
        return self.find(call.place, call.part("model"))

    def merge_aliases(self, call: Call) -> dict[str, Any]:
        """Gives a version aliases, away from others that had them; `-alias` takes one away."""
        aliases = call.read("MergeVersionAliasesRequest").get("versionAliases", [])
        with self._documents.transaction():
            name, document = self._of(call)
            number = self.number(name, document, call.part("model").partition("@")[2])
            for alias in aliases:
                _check_alias(alias.removeprefix("-"))
                if alias == "-default":
                    # "there must be exactly one default version alias for a model": MergeVersionAliasesRequest.
                    raise invalid_argument("The default alias cannot be removed, only given to another version.")
                if not alias.startswith("-"):
                    document["aliases"][alias] = number
                elif document["aliases"].get(alias[1:]) == number:
                    del document["aliases"][alias[1:]]
            self._documents.put(_COLLECTION, name, document)
        return self.find(call.place, call.part("model"))

    def delete(self, call: Call) -> dict[str, Any]:
        """Starts the deletion of a model with all its versions."""
        name, document = self._of(call)
        self.check_not_deployed(name, document)
        return self._operations.start(
            call,
            "DeleteModel",
            {"name": name},
            delay=self._settings.operation,
            parent=name,
        )

    def delete_version(self, call: Call) -> dict[str, Any]:
        """Starts the deletion of one version."""
        name, document = self._of(call)
        number = self.number(name, document, call.part("model").partition("@")[2])
        if len(document["versions"]) == 1:
            # DeleteModelVersion, word for word.
            raise failed_precondition(
                "Deleting the only version in the Model is not allowed. Use DeleteModel for deleting the Model instead."
            )
        if document["aliases"]["default"] == number:
            # "One version of a model is required to carry the default alias at all times":
            # https://cloud.google.com/vertex-ai/docs/model-registry/model-alias. The wording is the emulator's.
            raise failed_precondition(
                "The default version cannot be deleted. Give the default alias to another version."
            )
        self.check_not_deployed(name, document, number)
        return self._operations.start(
            call,
            "DeleteModelVersion",
            {"name": name, "number": number},
            delay=self._settings.operation,
            parent=name,
        )

    def find(self, place: Place, reference: str) -> dict[str, Any]:
        """The version that `ID`, `ID@number` or `ID@alias` refers to.

        Raises:
            ServiceError: there is none.
        """
        name = f"{place.name}/models/{reference.partition('@')[0]}"
        document = self._require(name)
        version = reference.partition("@")[2]
        return self._shown(name, document, self.number(name, document, version), named=bool(version))

    def add(self, name: str, model: dict[str, Any]) -> str:
        """Writes a model, or its next version where it exists, and returns the version's number."""
        with self._documents.transaction():
            document = self._documents.get(_COLLECTION, name) or {"versions": {}, "aliases": {}, "next": 1}
            number = str(document["next"])
            moment = timestamp()
            first: dict[str, Any] = next(iter(document["versions"].values()), {})
            version = {
                **{field: value for field, value in model.items() if field not in _KEPT_ELSEWHERE},
                "createTime": first.get("createTime", moment),
                "updateTime": moment,
                "versionCreateTime": moment,
                "versionUpdateTime": moment,
            }
            document["versions"][number] = version
            document["aliases"] |= dict.fromkeys(model.get("versionAliases", ()), number)
            document["aliases"].setdefault("default", number)
            document["next"] += 1
            self._documents.put(_COLLECTION, name, document)
        return number

    def remove(self, name: str) -> None:
        """Forgets a model with all its versions."""
        versions = (self._documents.get(_COLLECTION, name) or {}).get("versions", ())
        self._documents.delete(_COLLECTION, name)
        for number in versions:
            self.forgotten(f"{name}@{number}")

    def release(self, name: str) -> None:
        """Notes that a version of the model has just been undeployed."""
        document = self._documents.get(_COLLECTION, name)
        if document is not None:
            self._documents.put(_COLLECTION, name, document | {"released": time.time()})

    def check_new(self, place: Place, model_id: str, *, chosen: bool) -> None:
        """Refuses an id that is taken or, when the caller chose it, of a wrong form."""
        if chosen and not _ID.fullmatch(model_id):
            raise invalid_argument(
                f"Invalid model_id {model_id!r}: up to 63 characters of [a-z0-9_-], the first not a number or hyphen."
            )
        if self._documents.get(_COLLECTION, f"{place.name}/models/{model_id}") is not None:
            raise already_exists("Model", f"{place.name}/models/{model_id}")

    def check_not_deployed(self, name: str, document: dict[str, Any] | None = None, number: str = "") -> None:
        """Refuses to delete what is deployed, or was until a moment ago."""
        endpoints = sorted({found["endpoint"] for found in self.deployments(name) if number in {"", found["version"]}})
        released = (document or {}).get("released", 0.0) + self._settings.model_released > time.time()
        if endpoints or released:
            # The text as quoted in public runs of the service ("FAILED_PRECONDITION: The Model is deployed or being
            # deployed at the following Endpoint(s)... Please undeploy the model before retry."). It also comes for a
            # while after an undeploy: github.com/googleapis/python-aiplatform/issues/2807.
            listed = ", ".join(endpoints) or "being undeployed"
            raise failed_precondition(
                f'The Model "{name}" is deployed or being deployed at the following Endpoint(s): {listed}. '
                "Please undeploy the model before retry."
            )

    def number(self, name: str, document: dict[str, Any], version: str) -> str:
        """The number of a version given by number, by alias, or not at all.

        Raises:
            ServiceError: the model has no such version.
        """
        number = version if version in document["versions"] else document["aliases"].get(version or "default")
        if number is None:
            raise not_found("Model", f"{name}@{version}")
        return str(number)

    def _finish_upload(self, details: dict[str, Any]) -> dict[str, Any]:
        if not details["version"] and self._documents.get(_COLLECTION, details["name"]):
            raise already_exists("Model", details["name"])
        return {"model": details["name"], "modelVersionId": self.add(details["name"], details["model"])}

    def _finish_delete(self, details: dict[str, Any]) -> dict[str, Any]:
        self.check_not_deployed(details["name"])
        self.remove(details["name"])
        return {}

    def _finish_delete_version(self, details: dict[str, Any]) -> dict[str, Any]:
        name, number = details["name"], details["number"]
        self.check_not_deployed(name, None, number)
        document = self._require(name)
        document["versions"].pop(number, None)
        document["aliases"] = {alias: version for alias, version in document["aliases"].items() if version != number}
        self._documents.put(_COLLECTION, name, document)
        self.forgotten(f"{name}@{number}")
        return {}

    def _check(self, model: dict[str, Any]) -> None:
        violations = {}
        if not model.get("displayName"):
            violations["model.display_name"] = "display_name is required."
        if not model.get("containerSpec", {}).get("imageUri"):
            violations["model.container_spec.image_uri"] = "image_uri is required for a model that is not from AutoML."
        if not model.get("artifactUri"):
            # The service takes models whose container has the weights; here only the folder can answer.
            violations["model.artifact_uri"] = "The emulator serves weights from a Cloud Storage folder: artifact_uri."
        if violations:
            raise invalid_fields(violations)
        labels.check(model.get("labels", {}))
        self._checkpoints.check(model["artifactUri"])

    def _of(self, call: Call) -> tuple[str, dict[str, Any]]:
        name = f"{call.place.name}/models/{call.part('model').partition('@')[0]}"
        return name, self._require(name)

    def _require(self, name: str) -> dict[str, Any]:
        document = self._documents.get(_COLLECTION, name)
        if document is None:
            raise not_found("Model", name)
        return document

    def _shown(self, name: str, document: dict[str, Any], number: str, *, named: bool = False) -> dict[str, Any]:
        deployed = [
            {"endpoint": found["endpoint"], "deployedModelId": found["deployedModelId"]}
            for found in self.deployments(name)
            if found["version"] == number
        ]
        version = document["versions"][number]
        # Which resources a tuned Gemini takes is not documented, so nothing is said of them.
        own = {} if "checkpoints" in version else _OF_CONTAINERS
        return {
            **own,
            **version,
            "name": f"{name}@{number}" if named else name,
            "versionId": number,
            "versionAliases": sorted(alias for alias, version in document["aliases"].items() if version == number),
            **({"deployedModels": deployed} if deployed else {}),
        }


def _check_checkpoint(name: str, version: dict[str, Any], checkpoint_id: str) -> None:
    if checkpoint_id not in {checkpoint["checkpointId"] for checkpoint in version.get("checkpoints", ())}:
        raise not_found("Checkpoint", f"{name}/checkpoints/{checkpoint_id}")


def _check_alias(alias: str) -> None:
    if not _ALIAS.fullmatch(alias):
        raise invalid_argument(f"Invalid version alias {alias!r}: [a-z][a-zA-Z0-9-]{{0,126}}[a-z0-9].")

"""The life of a dataset: checked in every preview, uploaded under the name of its content, never removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tunestack import data
from tunestack.provider.dataset_content import (
    PROBLEMS_SHOWN,
    Content,
    addresses,
    as_named,
    complaint,
    declared_at,
    fetched,
)
from tunestack.provider.inputs import Inputs, convert, failures, with_defaults, without_unknown
from tunestack.provider.lifecycle import (
    CheckFailure,
    CheckRequest,
    CheckResult,
    CreateRequest,
    CreateResult,
    DeleteRequest,
    DiffRequest,
    DiffResult,
    Lifecycle,
    Properties,
    PropertyChange,
    ReadRequest,
    ReadResult,
    ResourceError,
    Severity,
    UpdateRequest,
    UpdateResult,
)
from tunestack.provider.properties import UNKNOWN, changed, plain, plain_map, wrap, wrap_map
from tunestack.provider.run import Run
from tunestack.retries import repeatable
from tunestack.tuning.artifacts import split


class DatasetInputs(Inputs, frozen=True, kw_only=True):
    """Files and where they go, and the hash of their content that Check adds."""

    training: str
    bucket: str
    validation: str | None = None
    prefix: str = "datasets"
    content_hash: str | None = None


class DatasetLifecycle(Lifecycle):
    """Checks and uploads."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._checked: dict[tuple[object, ...], Content] = {}
        self._warned: set[Path] = set()

    async def check(self, request: CheckRequest) -> CheckResult:
        """Checks the files; adds the hash of their content, so that a reviewed plan refuses other data."""
        found = failures(DatasetInputs, request.new)
        known = without_unknown(request.new)
        inputs = {name: value for name, value in request.new.items() if name != "contentHash"}
        if not found and _is_unnamed(request.new):
            return CheckResult({**inputs, "contentHash": wrap(UNKNOWN)})
        if found:
            return CheckResult(inputs, found)
        if content_known := _imported_content(request.old, known):
            return CheckResult({**inputs, "contentHash": wrap(content_known)})
        files = {}
        for name in ("training", "validation"):
            if path := known.get(name):
                files[name] = _resolve(path)
                if reason := _unreadable(path, files[name]):
                    found.append(CheckFailure(name, reason))
        if found:
            return CheckResult(inputs, found)
        content = await self._content(files["training"], files.get("validation"))
        for name, report in zip(("training", "validation"), content.reports, strict=False):
            if not report.ok:
                found.append(CheckFailure(name, complaint(report, known[name])))
            elif report.path not in self._warned:
                self._warned.add(report.path)  # Check runs twice on a replace
                for problem in report.warnings[:PROBLEMS_SHOWN]:
                    told = as_named(str(problem), report, known[name])
                    await self._run.tell(request.urn, told, severity=Severity.WARNING)
        if not found:
            inputs["contentHash"] = wrap(content.hash)
        return CheckResult(inputs, found)

    async def diff(self, request: DiffRequest) -> DiffResult:
        """Replaces when the content or its place changes; a file that only moved on this machine has not changed."""
        differing = changed(with_defaults(DatasetInputs, request.old_inputs), with_defaults(DatasetInputs, request.new))
        replacing = [
            name
            for name in ("contentHash", "bucket", "prefix")
            if name in differing and name not in request.ignore_changes
        ]
        if "prefix" in replacing and _is_elsewhere(request.old_inputs):
            replacing.remove("prefix")
        if "contentHash" in replacing:
            before = plain_map(request.state).get("examples")
            self._run.reasons[request.urn] = f"new training data instead of {before} examples"
        return DiffResult({name: PropertyChange(differing[name], replaces=True) for name in replacing})

    async def create(self, request: CreateRequest) -> CreateResult:
        """Uploads the files, unless the bucket has them under the name of their content."""
        if request.preview and _is_unnamed(request.inputs):
            return CreateResult("", request.inputs)
        known = without_unknown(request.inputs)
        # Where the bucket is not named yet, the preview knows everything but the files' addresses.
        inputs = convert(DatasetInputs, {"bucket": "", **known})
        content = await self._read(inputs)
        outputs = {**request.inputs, **wrap_map(content.outputs())}
        if inputs.bucket:
            outputs |= wrap_map(content.addresses(inputs.bucket, inputs.prefix))
        if request.preview:
            reason = self._run.reasons.get(request.urn, "training data")
            await self._run.tell(request.urn, f"{reason}: {content.training.examples} examples")
            return CreateResult("", outputs)
        for report in content.reports:
            await self._run.call(
                data.upload, report.path, report, inputs.bucket, inputs.prefix, lambda: self._run.connection.storage
            )
        # An id cannot be secret; the address would quote what is.
        is_secret = any(value.contains_secret() for value in request.inputs.values())
        return CreateResult(content.hash if is_secret else plain(outputs["trainingUri"]), outputs)

    async def read(self, request: ReadRequest) -> ReadResult:
        """Reports a file that is gone as a dataset that is gone: uploading it again costs nothing.

        An import reads the files: whether a program's are the same is known by their content alone.
        """
        if not request.state:
            return await self._import(addresses(request.resource_id))
        state = plain_map(request.state)
        uris = [uri for uri in (state.get("trainingUri"), state.get("validationUri")) if uri]
        there = await self._run.call(self._all_exist, uris)
        return ReadResult(request.resource_id if there else "", request.state, request.inputs)

    async def update(self, request: UpdateRequest) -> UpdateResult:
        """Takes over where the files lie on this machine; their content is the same."""
        return UpdateResult({**request.state, **request.new})

    async def delete(self, request: DeleteRequest) -> None:
        """Leaves the files in the bucket: jobs and models name them as what they have learned from."""

    async def _import(self, uris: Sequence[str]) -> ReadResult:
        content = await self._run.call(fetched, self._run.connection.storage, uris)
        lie = dict(zip(("training", "validation"), uris, strict=False))
        inputs = wrap_map({**lie, **declared_at(uris[0]), "contentHash": content.hash})
        outputs = {**content.outputs(), **{f"{name}Uri": uri for name, uri in lie.items()}}
        return ReadResult(uris[0], {**inputs, **wrap_map(outputs)}, inputs)

    async def _content(self, training: Path, validation: Path | None) -> Content:
        key = tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in (training, validation) if path)
        if key not in self._checked:
            self._checked[key] = Content(*await self._run.call(data.check_pair, training, validation))
        return self._checked[key]

    async def _read(self, inputs: DatasetInputs) -> Content:
        """Returns what the files hold.

        Raises:
            ResourceError: it is not what was checked, so a plan that was reviewed is not applied to other data.
        """
        content = await self._content(
            _resolve(inputs.training), _resolve(inputs.validation) if inputs.validation else None
        )
        if inputs.content_hash != content.hash:
            raise ResourceError(
                f"{inputs.training} changed since it was checked; run the command again to have the new data checked"
            )
        return content

    def _all_exist(self, uris: Sequence[str]) -> bool:
        storage = self._run.connection.storage
        return all(storage.bucket(bucket).blob(name).exists(retry=repeatable) for bucket, name in map(split, uris))


def _is_unnamed(properties: Properties) -> bool:
    """Says whether this is a preview that does not know yet which files are meant."""
    given = plain_map(properties)
    return UNKNOWN in (given.get("training"), given.get("validation"))


def _resolve(path: str) -> Path:
    """Returns a file's place on this machine: relative paths start at the folder that holds Pulumi.yaml."""
    here = Path.cwd()
    root = next((folder for folder in (here, *here.parents) if (folder / "Pulumi.yaml").exists()), here)
    return root / path


def _imported_content(old: Properties | None, known: Mapping[str, Any]) -> str | None:
    """Returns the hash of files that lie in a bucket, and that a program names as an import has found them."""
    before = plain_map(old or {})
    is_same = all(before.get(name) == known.get(name) for name in ("training", "validation"))
    return before.get("contentHash") if is_same and str(known.get("training")).startswith("gs://") else None


def _is_elsewhere(old_inputs: Properties) -> bool:
    """Says whether an import has found the files where no resource of ours puts them; there they stay."""
    before = plain_map(old_inputs)
    return str(before.get("training")).startswith("gs://") and before.get("prefix") is None


def _unreadable(path: str, resolved: Path) -> str:
    if path.startswith("gs://"):
        return (
            f"{path}: data that lies in Cloud Storage already is not checked; name a local file. If the resource shall "
            "take over what lies there, import it: the address is its id"
        )
    if not resolved.is_file():
        return f"there is no file {path}; relative paths start at the folder that holds Pulumi.yaml"
    return ""

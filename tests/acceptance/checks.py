"""What has to hold of a stack that is up, and of a project whose stack is gone; asked of the service itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.acceptance.project import LABELS, STACK, Project, ProjectError
from tunestack.connection import Connection
from tunestack.retries import CALL_SECONDS
from tunestack.service_errors import explain
from tunestack.serving import predict
from tunestack.serving.clients import endpoint_client, model_client
from tunestack.serving.shapes import Question
from tunestack.tuning import jobs
from tunestack.tuning.ownership import STACK as STACK_LABEL
from tunestack.tuning.ownership import digest

_FILES = ("config.json", ".safetensors", "tokenizer")
"""Parts of names that a folder must have to be served (custom-weights page, by way of the open-model tuning seed)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    is_right: bool
    says: str

    def __str__(self) -> str:
        return f"{'ok ' if self.is_right else 'BAD'} {self.what}: {self.says}"


def of_a_stack(project: Project, outputs: Mapping[str, Any], connection: Connection) -> Iterator[Finding]:
    """Yields what holds and what does not, once the stack is up."""
    checks: dict[str, Callable[[], str]] = {
        "a second preview has no changes": lambda: _preview(project),
        "a refresh finds no drift": lambda: _preview(project, "--refresh"),
        "the job is found by its labels": lambda: _labels(connection, outputs),
        "the final checkpoint can be served": lambda: _checkpoint(connection, outputs),
        "tokens were billed": lambda: _billed(outputs),
        "the endpoint answers": lambda: _answer(connection, outputs),
    }
    for what, check in checks.items():
        try:
            yield Finding(what, True, check())
        except Exception as error:  # the others are to be told, too
            yield Finding(what, False, told(error))


def told(error: BaseException) -> str:
    """Returns what went wrong, in a sentence."""
    return explain(error) or (str(error) if isinstance(error, ProjectError) else f"{type(error).__name__}: {error}")


def of_a_project(connection: Connection, bucket_prefix: str) -> list[str]:
    """Returns what of a stack that is gone is still there to be billed."""
    parent = {"parent": connection.parent}
    found = [
        endpoint.name
        for endpoint in endpoint_client(connection).list_endpoints(parent, timeout=CALL_SECONDS)
        if LABELS.items() <= dict(endpoint.labels).items()
    ]
    found += [
        model.name
        for model in model_client(connection).list_models(parent, timeout=CALL_SECONDS)
        if LABELS.items() <= dict(model.labels).items()
    ]
    found += [f"gs://{bucket.name}" for bucket in connection.storage.list_buckets(prefix=bucket_prefix)]
    found += [job.name for job in _jobs(connection) if not job.is_over]
    return found


def _preview(project: Project, *options: str) -> str:
    project.told("preview", "--expect-no-changes", "--stack", STACK, *options)
    return "nothing would be done"


def _jobs(connection: Connection) -> list[jobs.Job]:
    return list(jobs.list_jobs(connection, {STACK_LABEL: digest(f"urn:pulumi:{STACK}::tunestack")}))


def _labels(connection: Connection, outputs: Mapping[str, Any]) -> str:
    wanted = outputs["models"]["small"]["job"]
    found = [job.name.rpartition("/")[2] for job in _jobs(connection)]
    if str(wanted).rpartition("/")[2] not in found:
        raise ProjectError(f"a list filtered by label has {', '.join(found) or 'no job'}, not {wanted}")
    return f"{len(found)} of this stack"


def _checkpoint(connection: Connection, outputs: Mapping[str, Any]) -> str:
    uri = str(outputs["models"]["small"]["finalCheckpointUri"])
    bucket, _, prefix = uri.removeprefix("gs://").partition("/")
    names = [blob.name.rpartition("/")[2] for blob in connection.storage.list_blobs(bucket, prefix=f"{prefix}/")]
    if lacking := [part for part in _FILES if not any(part in name for name in names)]:
        raise ProjectError(f"{uri} has no {', '.join(lacking)}; it has {', '.join(names) or 'nothing'}")
    return f"{uri}: {', '.join(names)}"


def _billed(outputs: Mapping[str, Any]) -> str:
    model = outputs["models"]["small"]
    if not model["billedTokens"]:
        raise ProjectError("the service has counted none")
    return (
        f"{model['billedTokens']:,.0f}, {model['billedToEstimated']:.2f} × the estimate; {model['billedCostUsd']} USD; "
        f"the job ran for {model['durationSeconds']:.0f} s"
    )


def _answer(connection: Connection, outputs: Mapping[str, Any]) -> str:
    prompt = "Hello, I cannot log in to the Team plan any more."
    answer = predict.ask(connection, outputs["endpoints"]["support"]["id"], Question(prompt))
    if not answer.text.strip():
        raise ProjectError("with nothing")
    return f"{answer.text.strip()[:200]!r} after {answer.seconds:.1f} s"

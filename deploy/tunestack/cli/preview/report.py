"""What a preview of one stack says, read from the engine's events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from tunestack.cli.preview.costs import Costs, Serving, Training
from tunestack.cli.preview.differences import differences, protection
from tunestack.cli.stacks.engine_events import (
    BARE,
    UNKNOWN,
    Event,
    Message,
    Step,
    configuration,
    messages,
    steps,
    summary,
    typed,
    violations,
)
from tunestack.resource_types import JOB, MODEL, OWN
from tunestack.tuning.states import ENDED

Kind = Literal["create", "update", "replace", "delete", "import"]


_LEFT = {
    "CheckpointCopy": "the copy stays, as long as its bucket does",
    "Dataset": "its objects stay, as long as their bucket does",
    "ModelDeployment": "is undeployed: nothing answers there any more",
    "TunedModel": "its checkpoints stay, as long as their bucket does",
    "TuningJob": "is cancelled where it still runs; the service keeps its record",
}
"""What becomes of what a deleted resource stands for, of which no provider is asked in a preview."""


_UNPROTECTED = "is protected no more: from then on an up or a destroy may delete it"


class Change(msgspec.Struct, frozen=True, rename="camel"):
    """What would happen to a resource.

    Attributes:
        kind: in a word.
        type: of the resource, as in `tunestack:index:TuningJob`.
        name: of the resource.
        reasons: what its provider says of it.
        differences: each property that differs, such as `location: us-central1 → europe-west4`.
        takes_over: whether what is created is there already and costs nothing.
    """

    kind: Kind
    type: str
    name: str
    reasons: list[str]
    differences: list[str]
    takes_over: bool = False

    @property
    def label(self) -> str:
        """Type and name, for people."""
        return f"{self.type.removeprefix(OWN)} {self.name}"

    @property
    def awaits_job(self) -> bool:
        """Whether it is a model that waits for its job: one that this change starts, or an earlier run has."""
        if self.type != MODEL or self.kind in ("create", "replace"):
            return self.type == MODEL
        return any(text.startswith("state") and not any(end in text for end in ENDED) for text in self.differences)


class Data(msgspec.Struct, frozen=True, rename="camel"):
    """A dataset before and after.

    Attributes:
        name: of its resource.
        before: training examples; None where there was none, or where it is not known.
        after: likewise.
        validation_before: validation examples.
        validation_after: likewise.
        comparison: how the examples differ.
    """

    name: str
    before: int | None
    after: int | None
    validation_before: int | None
    validation_after: int | None
    comparison: str

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to say."""
        if self.comparison or self.after is None:
            return True
        return (self.before, self.validation_before) != (self.after, self.validation_after)


class Told(msgspec.Struct, frozen=True):
    """A message.

    Attributes:
        resource: of which it was told; empty where the stack is meant.
        text: the message.
    """

    resource: str
    text: str


class Finding(msgspec.Struct, frozen=True):
    """What a policy found.

    Attributes:
        policy: its name.
        level: `mandatory` stops, `advisory` tells.
        resource: of which; empty where the stack as a whole is meant.
        text: what is wrong, and how to comply.
    """

    policy: str
    level: str
    resource: str
    text: str


class Report(msgspec.Struct, frozen=True, rename="camel"):
    """What a preview says.

    Attributes:
        stack: which was previewed.
        failed: whether an up would be refused as well.
        is_complete: whether the program and all checks ran to their end, so that changes and costs are all there are.
        changes: in the order in which they would be made.
        unchanged: how many resources stay as they are.
        outputs: of the stack that change although no resource does: other stacks may read them.
        data: datasets, those that stay as they are, too.
        costs: what it costs.
        findings: of policies.
        errors: why it failed.
        warnings: what is doubtful.
        notes: what else the program told, and what policies will look at later.
        drift: what is otherwise than the stack knows it, where the preview looked.
        emulated: whether the stack is an emulator's, which bills nothing.
        foundation: the stack that this one is a region of.
        follows: stacks that it reads, and of which something here follows, or that fail.
        upstream: what is about to change there, in a sentence; empty where nothing is or nobody looked.
        waits_for: stacks that have to be up before this one can be previewed.
    """

    stack: str
    failed: bool
    is_complete: bool
    changes: list[Change] = []
    unchanged: int = 0
    outputs: list[str] = []
    data: list[Data] = []
    costs: Costs = Costs()
    findings: list[Finding] = []
    errors: list[Told] = []
    warnings: list[Told] = []
    notes: list[Told] = []
    drift: list[Told] = []
    emulated: bool = False
    foundation: str = ""
    follows: list[str] = []
    upstream: str = ""
    waits_for: list[str] = []

    @classmethod
    def of(cls, events: Iterable[Event], stack: str, error: str = "") -> Report:
        """Reads events.

        Args:
            events: of the engine.
            stack: which was previewed.
            error: why the engine failed, where its events do not say it: it did not come to have any.
        """
        events = list(events)
        found = list(steps(events))
        settled = _settled(step for step in found if step.is_own and step.operation != "refresh")
        told = _by_severity(messages(events))
        broken = list(violations(events))
        findings = [
            Finding(each.policy, each.level, _label(each.urn), each.text) for each in broken if not each.is_note
        ]
        is_stopped = any(each.level == "mandatory" for each in findings)
        failed = bool(error) or summary(events).get("result") != "succeeded"
        errors = [Told(_label(each.urn), each.text) for each in told["error"] if each.text not in BARE]
        if failed and not errors and not is_stopped:
            errors = [Told("", error or "the engine ended before it said how")]
        own = {step.urn for step in settled}
        reasons = defaultdict(list)
        for message in told["info"]:
            reasons[message.urn].append(message.text)
        changes = [_change(step, reasons[step.urn]) for step in settled if step.operation != "same"]
        return cls(
            stack,
            failed=failed,
            is_complete=not errors,
            changes=changes,
            unchanged=sum(step.operation == "same" for step in settled),
            outputs=[] if changes or failed else _outputs(found),
            data=[_data(step) for step in _typed("Dataset", settled) if step.new],
            costs=_costs(settled),
            findings=findings,
            errors=errors,
            warnings=[
                *(Told(_label(each.urn), each.text) for each in told["warning"]),
                *(
                    Told(_label(each.urn), _UNPROTECTED)
                    for each in settled
                    if each.new and protection(each) == (True, False)
                ),
            ],
            notes=[
                Told(_label(each.urn), each.text)
                for each in (*told["info"], *(told["info#err"] if failed else ()))
                if each.urn not in own
            ]
            + [Told(f"policy {each.policy}", each.text) for each in broken if each.is_note],
            drift=[
                Told(_label(step.urn), "; ".join(differences(step)) or "is gone")
                for step in found
                if step.operation == "refresh" and (step.differences or step.new is None)
            ],
            emulated=configuration(events).get("tunestack:emulator") == "true",
        )


_KINDS: Mapping[str, Kind | Literal["same"]] = {
    "same": "same",
    "create": "create",
    "update": "update",
    "delete": "delete",
    "import": "import",
    "create-replacement": "replace",
    "import-replacement": "replace",
    "replace": "replace",
    "delete-replaced": "delete",
}
"""The engine's operations (sdk/go/common/apitype/deployments.go, OpType), those that people see as one joined."""


def _settled(found: Iterable[Step]) -> list[Step]:
    """Joins the steps of each resource: a replacement is told in three, of which the last only deletes the old one."""
    settled: dict[str, Step] = {}
    for step in found:
        kind, before = _KINDS.get(step.operation), settled.get(step.urn)
        if kind is None or (before and (before.operation == "replace" or kind == "delete")):
            continue
        if kind == "same" and len(set(protection(step))) > 1:
            kind = "update"
        old = before.old if before and not step.old else step.old
        settled[step.urn] = Step(step.urn, kind, step.is_own, old, step.new, step.differences)
    return list(settled.values())


def _outputs(found: Sequence[Step]) -> list[str]:
    """Returns which of the stack's outputs differ; the engine tells of them last, when the program has ended."""
    told = [step for step in found if step.old and step.new and typed(step.urn)[0] == "pulumi:pulumi:Stack"]
    if not told:
        return []
    before, after = ((state or {}).get("outputs") or {} for state in (told[-1].old, told[-1].new))
    return sorted(name for name in before.keys() | after.keys() if not _is_same(before.get(name), after.get(name)))


def _is_same(before: Any, after: Any) -> bool:
    """Compares outputs where no resource changes: what is not known then is null, which looks alike in a preview."""
    if after == UNKNOWN:
        return True
    if isinstance(before, dict) and isinstance(after, dict):
        return all(_is_same(before.get(name), after.get(name)) for name in before.keys() | after.keys())
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return all(map(_is_same, before, after))
    return bool(before == after)


def _change(step: Step, reasons: Sequence[str]) -> Change:
    kind: Any = step.operation
    resource_type, name = typed(step.urn)
    if kind == "delete" and not reasons and resource_type.startswith(OWN):
        reasons = [told] if (told := _LEFT.get(resource_type.removeprefix(OWN))) else []
    outputs = (step.new or {}).get("outputs") or {}
    takes_over = resource_type == JOB and outputs.get("job") not in (None, "", UNKNOWN)
    return Change(
        kind, resource_type, name, list(reasons), differences(step), takes_over=takes_over and kind != "delete"
    )


def _data(step: Step) -> Data:
    old, new = ((state or {}).get("outputs") or {} for state in (step.old, step.new))
    comparison = new.get("comparison") if step.operation != "same" else ""
    return Data(
        typed(step.urn)[1],
        _count(old.get("examples")),
        _count(new.get("examples")),
        _count(old.get("validationExamples")),
        _count(new.get("validationExamples")),
        "" if comparison in (None, UNKNOWN) else str(comparison),
    )


def _costs(settled: Sequence[Step]) -> Costs:
    jobs = [Training.of(typed(step.urn)[1], step) for step in _typed("TuningJob", settled)]
    return Costs(
        [job for job in jobs if job],
        [Serving.of(typed(step.urn)[1], step) for step in _typed("ModelDeployment", settled)],
    )


def _typed(kind: str, settled: Iterable[Step]) -> list[Step]:
    return [step for step in settled if typed(step.urn)[0] == f"{OWN}{kind}"]


def _by_severity(told: Iterable[Message]) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = defaultdict(list)
    for message in told:
        found[message.severity].append(message)
    return found


def _label(urn: str) -> str:
    if not urn:
        return ""
    resource_type, name = typed(urn)
    return "" if resource_type == "pulumi:pulumi:Stack" else f"{resource_type.removeprefix(OWN)} {name}"


def _count(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) else None

"""Reports of recorded previews, and of events that are rarer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.preview.stories import END, deployment, job, step, told
from tunestack.cli.preview.headline import headline
from tunestack.cli.preview.markdown import comment
from tunestack.cli.preview.report import Finding, Report, Told
from tunestack.cli.stacks.engine_events import UNKNOWN

Recorded = Callable[[str], list[dict[str, Any]]]


@pytest.mark.parametrize(
    ("name", "says", "once", "monthly"),
    [
        ("first_time", "trains tickets, deploys support, creates 20 other resources", "< 0.01 USD", ("0.00", "840.01")),
        ("new_data", "retrains tickets, rolls support", "< 0.01 USD (up to 0.02)", ("840.01", "963.31")),
        ("without_serving", "undeploys support, deletes 1 other resource", "", ("840.01", "0.00")),
        ("undeployed", "brings back support", "", ("0.00", "840.01")),
        ("over_budget", "stopped by policy training-budget", "about 0.14 USD (0.14–0.26)", ("0.00", "0.00")),
        ("broken_line", "the preview failed: data/train.jsonl:116: $.prompt: a number; expected", "", ("0.00", "0.00")),
        (
            "broken_configuration",
            "the preview failed: the stack's configuration cannot be used: stacks/Pulumi.local.yaml: config.tunestack:",
            "",
            ("0.00", "0.00"),
        ),
    ],
)
def test_what_recorded_previews_say(
    recorded: Recorded, name: str, says: str, once: str, monthly: tuple[str, str]
) -> None:
    report = Report.of(recorded(name), "local")
    assert headline(report).startswith(says)
    assert report.costs.once == once
    assert report.costs.monthly == tuple(f"{amount} USD" for amount in monthly)
    assert report.emulated


def test_a_replacement_is_one_change_with_its_reason(recorded: Recorded) -> None:
    report = Report.of(recorded("new_data"), "local")
    assert [(change.kind, change.label) for change in report.changes] == [
        ("replace", "Dataset tickets"),
        ("replace", "TuningJob tickets"),
        ("replace", "TunedModel tickets"),
        ("update", "ModelDeployment support"),
    ]
    job_change = report.changes[1]
    assert job_change.reasons[0].startswith("epochs 1 → 3, new training data: +60 −5 examples (60 → 115) retrains: ")
    assert "epochs: 1 → 3" in job_change.differences
    (data,) = report.data
    assert (data.before, data.after, data.comparison) == (60, 115, "training data: +60 −5 examples (60 → 115)")


def test_what_was_changed_outside_is_told(recorded: Recorded) -> None:
    report = Report.of(recorded("undeployed"), "local")
    assert report.drift == [Told("ModelDeployment support", "state: SERVING → PENDING")]


def test_a_preview_that_only_a_policy_stops_knows_all_changes(recorded: Recorded) -> None:
    report = Report.of(recorded("over_budget"), "local")
    assert (report.failed, report.is_complete, report.errors) == (True, True, [])
    (finding,) = report.findings
    assert (finding.policy, finding.level, finding.resource) == ("training-budget", "mandatory", "")


def test_colours_of_the_engine_are_none_of_the_text() -> None:
    found = {"policyName": "regions", "enforcementLevel": "advisory", "message": "<{%fg 3%}>not here<{%reset%}>\n"}
    report = Report.of([{"policyEvent": found}, END], "dev")
    assert report.findings == [Finding("regions", "advisory", "", "not here")]
    report = Report.of([{"policyEvent": found | {"severity": "low"}}, END], "dev")
    assert (report.findings, report.notes) == ([], [Told("policy regions", "not here")])  # every new stack has some
    report = Report.of([{"policyEvent": found | {"severity": "low", "enforcementLevel": "mandatory"}}, END], "dev")
    assert [each.level for each in report.findings] == ["mandatory"]
    assert not report.failed


@pytest.mark.parametrize(
    ("events", "error", "told_errors"),
    [
        ([], "no stack named 'dev' found", [Told("", "no stack named 'dev' found")]),
        ([], "", [Told("", "the engine ended before it said how")]),  # killed
        ([told("error", "preview failed"), END], "preview failed", [Told("", "preview failed")]),
        ([told("error", "no"), told("error", "preview failed")], "no", [Told("", "no")]),
    ],
)
def test_a_failure_always_has_a_reason(events: list[Any], error: str, told_errors: list[Told]) -> None:
    report = Report.of(events, "dev", error)
    assert report.failed
    assert report.errors == told_errors


def test_components_providers_and_references_are_no_changes() -> None:
    kinds = ("pulumi:providers:gcp", "pulumi:pulumi:StackReference", "pulumi:pulumi:Stack")
    component = step("create", "infra:index:Tuning", "tuning", None, {})
    component["resOutputsEvent"]["metadata"]["new"]["custom"] = False
    report = Report.of([*(step("create", kind, "x", None, {}) for kind in kinds), component, END], "dev")
    assert (report.changes, report.unchanged, headline(report)) == ([], 0, "nothing changes")


def test_outputs_that_change_alone_are_told() -> None:
    """Other stacks may read them; the engine tells of the stack twice, and knows its outputs the second time."""
    urn = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"

    def stack(**outputs: Any) -> Any:
        old = {"outputs": {"value": 1, "same": [{"price": None}]}}
        told = {"op": "same", "urn": urn, "type": "pulumi:pulumi:Stack", "old": old, "new": {"outputs": outputs}}
        return {"resOutputsEvent": {"metadata": told}}

    same = [{"price": UNKNOWN}]  # as the engine has it of null
    report = Report.of([stack(value=1, same=same), stack(value=3, same=same, more=4), END], "dev")
    assert headline(report) == "changes only what it tells others: more, value"
    assert comment(report).splitlines()[2].startswith("### 🔷")
    assert headline(Report.of([stack(value=1, same=same), END], "dev")) == "nothing changes"
    # With a resource that changes they follow from that.
    assert Report.of([job("a", 1.0), stack(value=3), END], "dev").outputs == []


def test_what_an_earlier_run_left_to_delete_is_a_deletion() -> None:
    report = Report.of([step("delete-replaced", "gcp:storage/bucket:Bucket", "data", {}, None), END], "dev")
    assert [(change.kind, change.label) for change in report.changes] == [("delete", "gcp:storage:Bucket data")]


def test_a_deletion_says_what_becomes_of_it() -> None:
    gone = [
        step("delete", f"tunestack:index:{kind}", "support", {}, None) for kind in ("ModelDeployment", "TunedModel")
    ]
    report = Report.of([*gone, END], "dev")
    assert [change.reasons for change in report.changes] == [
        ["is undeployed: nothing answers there any more"],
        ["its checkpoints stay, as long as their bucket does"],
    ]


def test_a_job_that_is_taken_over_costs_nothing() -> None:
    report = Report.of([job("support", 5.0, job="projects/p/locations/l/tuningJobs/1"), END], "dev")
    assert (report.costs.training, headline(report)) == ([], "takes over the job of support")


@pytest.mark.parametrize(
    ("events", "once"),
    [
        ([job("a", 1.0), job("b", 2.0)], "about 3.00 USD (3.00–6.00)"),
        ([job("a", 1.0), job("b", None)], "at least 1.00 USD (1.00–2.00)"),
        ([job("a", None)], "price unknown"),
        ([job("a", 1.0, estimate=[{"period": "once"}])], "at least 1.00 USD (1.00–2.00)"),  # a teacher's answers
        ([job("a", 1.0, estimate="[secret]")], "about 1.00 USD (1.00–2.00)"),  # the program keeps it secret
        ([], ""),
    ],
)
def test_what_is_not_known_is_never_nothing(events: list[Any], once: str) -> None:
    assert Report.of([*events, END], "dev").costs.once == once


@pytest.mark.parametrize(
    ("event", "monthly"),
    [
        (deployment("same", "a", 1.0, 1.0), ("730.00 USD", "730.00 USD")),
        (deployment("create", "a", 0, 1.0), ("0.00 USD", "730.00 USD")),
        (deployment("create", "a", 0, None), ("0.00 USD", "price unknown")),
        (deployment("delete", "a", 1.0, 0), ("730.00 USD", "0.00 USD")),
        (deployment("same", "a", 1.0, 1.0, state="PENDING"), ("0.00 USD", "0.00 USD")),  # still waits for its model
        (deployment("update", "a", 1.0, 1.0, state="PENDING"), ("0.00 USD", "730.00 USD")),
        # An interrupted roll: the version before, or the new one, serves.
        (deployment("update", "a", 1.0, 2.0, state="PENDING", serves="7"), ("730.00 USD", "1,460.00 USD")),
        # It waits for its next model, and the version before serves meanwhile.
        (deployment("same", "a", 1.0, 1.0, state="PENDING", serves="7"), ("730.00 USD", "730.00 USD")),
    ],
)
def test_what_serving_costs_a_month(event: Any, monthly: tuple[str, str]) -> None:
    assert Report.of([event, END], "dev").costs.monthly == monthly


def test_whether_an_interrupted_first_deployment_serves_is_not_known() -> None:
    event = deployment("update", "a", 1.0, 1.0, state="PENDING")
    event["resOutputsEvent"]["metadata"]["old"]["initErrors"] = ["interrupted while it deploys"]
    assert Report.of([event, END], "dev").costs.monthly == ("price unknown", "730.00 USD")


def test_unknown_prices_beside_known_ones_make_a_lower_bound() -> None:
    events = [deployment("same", "a", 1.0, 1.0), deployment("create", "b", 0, None), END]
    assert Report.of(events, "dev").costs.monthly == ("730.00 USD", "at least 730.00 USD")


def test_data_that_cannot_be_counted_yet_is_unknown() -> None:
    event = step("create", "Dataset", "d", None, {"examples": UNKNOWN, "comparison": UNKNOWN})
    (data,) = Report.of([event, END], "dev").data
    assert (data.before, data.after, data.comparison, data.is_changed) == (None, None, "", True)


def test_messages_are_told_once_and_sorted() -> None:
    resource = ("tunestack:index:Dataset", "d")
    events = [
        step("create", "Dataset", "d", None, {}),
        told("warning", "few examples", resource),
        told("warning", "few examples", resource),
        told("info", "training data: 3 examples", resource),
        told("info", "the program says"),
        told("info#err", "a line on stderr"),
        {"diagnosticEvent": {"severity": "info", "message": "10 %", "ephemeral": True}},
        {"diagnosticEvent": {"severity": "debug", "message": "noise"}},
    ]
    report = Report.of([*events, END], "dev")
    assert report.warnings == [Told("Dataset d", "few examples")]
    assert report.changes[0].reasons == ["training data: 3 examples"]
    assert report.notes == [Told("", "the program says")]
    # Of a failure, everything may be a hint.
    assert Report.of(events, "dev", "broken").notes == [Told("", "the program says"), Told("", "a line on stderr")]


def test_resources_are_others_only_beside_what_is_named() -> None:
    reader = step("create", "gcp:storage/bucketIAMMember:BucketIAMMember", "output-ada", None, {})
    assert headline(Report.of([reader, END], "dev")) == "creates 1 resource"
    assert headline(Report.of([reader, job("support", 1.0), END], "dev")) == "trains support, creates 1 other resource"


@pytest.mark.parametrize(
    ("operation", "before", "after", "differs", "warns"),
    [
        ("same", True, False, "protected: true → false", 1),
        ("same", False, True, "protected: false → true", 0),
        ("update", True, False, "protected: true → false", 1),
    ],
)
def test_protection_is_a_change(operation: str, before: bool, after: bool, differs: str, warns: int) -> None:
    """The engine counts it as none; whoever reviews that production can be deleted has to see it."""
    event = step(operation, "gcp:storage/bucket:Bucket", "output", {}, {})
    metadata = event["resOutputsEvent"]["metadata"]
    metadata["old"]["protect"], metadata["new"]["protect"] = before, after
    report = Report.of([event, END], "prod")
    assert (headline(report), report.unchanged) == ("updates 1 resource", 0)
    assert report.changes[0].differences == [differs]
    assert [each.resource for each in report.warnings] == ["gcp:storage:Bucket output"] * warns

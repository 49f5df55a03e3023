"""Which buckets of others the jobs of a stack need."""

from __future__ import annotations

from typing import Any

from infra.data_access import foreign_buckets
from infra.stack_outputs import StackOutputs
from infra.starting_points import OtherStacks
from tests.infra.configurations import GOOD, MODEL, settings_of


def _foreign(*, own: dict[str, str] | None = None, **changed: Any) -> dict[str, Any]:
    settings = settings_of({**GOOD, "serving": {}, **changed})
    return foreign_buckets(
        settings, own or {"data": "ours-data", "output": "ours-output"}, OtherStacks(settings, StackOutputs())
    )


def test_each_bucket_once_under_the_name_of_what_lies_in_it() -> None:
    found = _foreign(
        datasets={
            "tickets": {"training": "gs://pipeline/a.jsonl", "validation": "gs://checks/b.jsonl"},
            "more": {"training": "gs://pipeline/c.jsonl"},
        },
        models={
            "tickets": {**MODEL, "customBaseModel": "gs://bases/gemma"},
            "other": {**MODEL, "customBaseModel": "gs://bases/another"},
            "third": {**MODEL, "customBaseModel": "gs://pipeline/gemma"},
        },
    )
    # An earlier release has given the first of these names; none may be given twice.
    assert found == {"tickets": "pipeline", "tickets_other": "checks", "tickets_base": "bases"}


def test_the_stacks_own_buckets_are_bound_elsewhere() -> None:
    models = {"full": {**MODEL, "customBaseModel": "gs://ours-output/earlier"}}
    assert _foreign(models=models, datasets={"tickets": {"training": "gs://ours-data/a.jsonl"}}) == {}

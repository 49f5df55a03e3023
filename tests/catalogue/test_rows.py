"""What must hold for every row, whatever it says."""

from __future__ import annotations

import datetime
import subprocess
import sys
from decimal import Decimal

import pytest

from tunestack.catalogue import (
    Machine,
    OpenModel,
    Quota,
    Source,
    distillation,
    machines,
    open_models,
    regions,
    serving_quotas,
    storage_usd_per_gib_month,
    tuning_quota,
)
from tunestack.catalogue.checks import ADAPTER_SIZES, MODES


@pytest.mark.parametrize("model", open_models(), ids=lambda model: model.name)
def test_every_model_can_be_named_tuned_and_believed(model: OpenModel) -> None:
    publisher_and_family, _, version = model.name.partition("@")
    assert version, "the service refuses a name without version"
    assert publisher_and_family.count("/") == 1
    assert model.modes
    assert set(model.modes) <= set(MODES)
    assert model.max_sequence_tokens > 0
    assert "text" in model.modalities
    assert set(model.regions) <= {region.name for region in regions()}
    assert model.source.title
    for mode, terms in model.modes.items():
        published = (terms.usd_per_million_tokens, terms.tokens_per_character, terms.learning_rate)
        assert all(isinstance(number, Decimal) and number > 0 for number in published if number is not None)
        assert terms.adapter_size in {None, *ADAPTER_SIZES}
        assert mode == "PEFT_ADAPTER" or terms.adapter_size is None
        assert model.terms_source or not any(published), "a number needs a source"


@pytest.mark.parametrize("machine", machines(), ids=lambda machine: machine.name)
def test_every_machine_has_accelerators_and_a_price(machine: Machine) -> None:
    assert machine.accelerator_count > 0
    assert machine.accelerator_memory_gib
    assert isinstance(machine.usd_per_hour, Decimal)
    assert machine.usd_per_hour > 0
    assert machine.price_region in {region.name for region in regions()}
    nominal = machine.accelerator_memory_gib * machine.accelerator_count * 2**30
    assert machine.usable_bytes == int(Decimal("0.9") * nominal)


def test_names_are_unique() -> None:
    for rows in (open_models(), machines(), regions()):
        names = [row.name for row in rows]
        assert len(names) == len(set(names))


def test_students_can_be_tuned_and_teachers_have_no_version() -> None:
    lists = distillation()
    assert set(lists.students) <= {model.name for model in open_models()}
    assert len(lists.students) == 8
    assert len(lists.teachers) == 3
    assert not [name for name in lists.teachers if "@" in name]


@pytest.mark.parametrize(
    ("date", "stale", "why"),
    [
        (datetime.date(2026, 9, 1), False, "today"),
        (datetime.date(2026, 6, 3), False, "90 days old"),
        (datetime.date(2026, 6, 2), True, "91 days old"),
        (None, True, "of unknown age"),
    ],
)
def test_a_source_knows_its_age(date: datetime.date | None, stale: bool, why: str) -> None:
    assert Source("somewhere", date).is_stale(datetime.date(2026, 9, 1)) is stale, why


def test_a_row_is_as_old_as_its_oldest_source() -> None:
    model = next(row for row in open_models() if row.name == "google/gemma4@gemma-4-e2b-it")
    assert model.terms_source
    assert model.terms_source.date
    assert model.source.date
    assert model.terms_source.date < model.source.date
    quarter = datetime.timedelta(days=90)
    assert not model.is_stale(model.terms_source.date + quarter)
    assert model.is_stale(model.terms_source.date + quarter + datetime.timedelta(days=1))
    far = datetime.date(2100, 1, 1)
    assert all([machines()[0].is_stale(far), distillation().is_stale(far), regions()[0].is_stale(far)])


def test_storage_has_a_price_or_none_but_always_a_source() -> None:
    assert storage_usd_per_gib_month("us-central1")[0] == Decimal("0.020")
    price, source = storage_usd_per_gib_month("asia-southeast2")
    assert price is None
    assert source.date == datetime.date(2022, 12, 30)


@pytest.mark.parametrize(
    ("quota", "metric", "name", "named", "why"),
    [
        (serving_quotas()["NVIDIA_L4"], "a/custom_model_serving_nvidia_l4_gpus", "", False, "of another service"),
        (serving_quotas()["NVIDIA_L4"], serving_quotas()["NVIDIA_L4"].metric, "Reworded", True, "names are reworded"),
        (serving_quotas()["NVIDIA_L4"], "x/y", "custom model serving nvidia L4 GPUs per region", True, "or metrics"),
        (serving_quotas()["NVIDIA_H100_80GB"], "x/y", "", False, "an empty name is no name"),
        (tuning_quota(), "", "", False, "nor is an empty metric a metric"),
        (tuning_quota(), "x/y", tuning_quota().display_name, True, "the only thing that a page tells"),
    ],
)
def test_a_quota_is_found_by_metric_or_name(quota: Quota, metric: str, name: str, named: bool, why: str) -> None:
    assert quota.is_named(metric, name) is named, why


def test_every_quota_is_of_an_accelerator_that_serves_and_can_be_found() -> None:
    assert serving_quotas().keys() <= {machine.accelerator_type for machine in machines()}
    for quota in (tuning_quota(), *serving_quotas().values()):
        assert quota.metric or quota.display_name
        assert quota.source.title


def test_importing_reads_nothing() -> None:
    """The provider imports the catalogue when it starts; what only readers and errors need must wait."""
    program = """
import dataclasses, decimal, pathlib, sys, tunestack
before = set(sys.modules)
import tunestack.catalogue
print(*set(sys.modules) - before)
"""
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert "tunestack.catalogue.reader" in loaded
    assert not {name for name in loaded if not name.startswith("tunestack.catalogue")}

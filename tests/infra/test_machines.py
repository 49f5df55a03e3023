"""A list of machines in a stack's configuration: what is wrong with one, and what its quota is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra.regional_fit import check_regions
from tests.infra.configurations import ENDPOINT, GOOD, MODEL, problems_of, settings_of

L4, A100 = "g2-standard-12", "a2-highgpu-1g"
LARGE = {**MODEL, "baseModel": "google/gemma3@gemma-3-27b-it"}


def listing(*machines: str, **more: Any) -> dict[str, Any]:
    return {"support": {"model": "full", "machines": list(machines), **more}}


@pytest.mark.parametrize(
    ("serving", "place", "reason"),
    [
        ({"support": {"model": "full"}}, "machineType", "is missing; name one machine, or list machines to choose"),
        ({"support": {"model": "full", "machineType": L4}}, "acceleratorType", "is missing"),
        ({"support": {**ENDPOINT, "machines": [L4]}}, "machines", "stands beside machineType and acceleratorType"),
        (listing(), "machines", "is empty; list at least one"),
        (listing(L4, L4), "machines[1]", "g2-standard-12 is listed twice"),
        (
            listing(L4, "g2-standard-13"),
            "machines[1]",
            "name it as machineType, with acceleratorType and strict: false",
        ),
        (listing(L4, 3), "machines[1]", "text"),  # type: ignore[arg-type]  # as a YAML may have it
    ],
)
def test_what_is_refused(serving: dict[str, Any], place: str, reason: str) -> None:
    found = [text for text in problems_of(serving=serving) if f"serving.support.{place}: " in text]
    assert len(found) == 1
    assert reason in found[0]


def test_each_machine_that_cannot_hold_the_model_is_told_before_anything_is_tuned() -> None:
    found = problems_of(models={"full": LARGE}, serving=listing(A100, "a2-ultragpu-1g", L4))
    assert [text.partition(": config.tunestack:")[2].partition(": ")[0] for text in found] == [
        "serving.support.machines[0]",
        "serving.support.machines[2]",
    ]
    assert all("cannot hold google/gemma3@gemma-3-27b-it" in text for text in found)


def test_the_accelerators_of_all_machines_are_what_quota_is_looked_up_for() -> None:
    listed = settings_of({**GOOD, "serving": listing(A100, L4, "g2-standard-24")}).serving["support"]
    assert sorted(listed.accelerators) == ["NVIDIA_L4", "NVIDIA_TESLA_A100"]
    one = settings_of({**GOOD, "serving": {"support": {**ENDPOINT, "acceleratorCount": 1}}}).serving["support"]
    assert one.accelerators == ["NVIDIA_L4"]


class TestRegions:
    @pytest.fixture
    def write(self, tmp_path: Path) -> Callable[..., None]:
        (tmp_path / "stacks").mkdir()

        def region(name: str, foundation: str, **serving: Any) -> None:
            config = {"tunestack:foundation": foundation, "tunestack:serving": serving}
            (tmp_path / "stacks" / f"Pulumi.{name}.yaml").write_text(json.dumps({"config": config}))

        return region

    def test_what_they_cannot_serve_is_told_before_it_is_tuned(
        self, write: Callable[..., None], tmp_path: Path
    ) -> None:
        one = {"model": "full", "machineType": L4, "acceleratorType": "NVIDIA_L4"}
        write("prod-one", "prod", support=one)
        write("prod-two", "organization/tunestack/prod", **listing("a2-ultragpu-1g", L4))
        write("prod-three", "prod", support={**one, "machineType": 3}, other={**one, "model": "none"})
        write("dev-one", "dev", support=one)
        (tmp_path / "stacks" / "Pulumi.broken.yaml").write_text("{")
        large = settings_of({**GOOD, "models": {"full": LARGE}, "serving": {}})
        with pytest.raises(pulumi.RunError) as caught:
            check_regions(large, "prod", tmp_path)
        first, *found = str(caught.value).splitlines()
        assert first == "regions of this stack cannot serve what it tunes:"
        assert [line.partition(": config.tunestack:")[0] for line in found] == [
            "stacks/Pulumi.prod-one.yaml",
            "stacks/Pulumi.prod-three.yaml",
            "stacks/Pulumi.prod-two.yaml",
        ]
        # A preview of the region is of what the foundation has, and would say that nothing changes.
        assert found[1].endswith('serving.other.model: of stack prod: there is no model "none"; there are full')
        assert "serving.support.machines[1]: g2-standard-12 (1 × NVIDIA_L4) cannot hold" in found[2]

    def test_what_fits_is_no_matter(self, write: Callable[..., None], tmp_path: Path) -> None:
        write("prod-one", "prod", **listing(L4, A100))
        check_regions(settings_of(GOOD), "prod", tmp_path)
        check_regions(settings_of(GOOD), "prod", tmp_path / "nowhere")

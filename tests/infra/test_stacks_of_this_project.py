"""The files in stacks/: each can be used, and those that belong together go together."""

from __future__ import annotations

from typing import get_args

import pytest

from tests.infra.configurations import CHECKOUT, stack_of_this_project
from tunestack.catalogue import Method

STACKS = sorted(file.name.split(".")[1] for file in (CHECKOUT / "stacks").glob("Pulumi.*.yaml"))


def test_all_are_there() -> None:
    environments = {
        f"{local}prod{region}" for local in ("", "local-") for region in ("", "-us-central1", "-europe-west4")
    }
    assert {"local", "methods", "dev", *environments} <= set(STACKS)


@pytest.mark.parametrize("stack", STACKS)
def test_each_goes_with_the_stacks_that_it_names(stack: str) -> None:
    settings = stack_of_this_project(stack)
    assert settings.emulator is (stack.startswith("local") or stack == "methods")
    if settings.foundation:
        foundation = stack_of_this_project(settings.foundation)
        assert (settings.project, settings.emulator) == (foundation.project, foundation.emulator)
        assert {endpoint.model for endpoint in settings.serving.values()} <= foundation.models.keys()
        assert stack == f"{settings.foundation}-{settings.location}"
    for promoted in settings.promoted.values():
        source = stack_of_this_project(promoted.from_)
        assert promoted.model in source.tuned
        assert any(settings.project in reader for reader in source.readers), "else nothing could be copied"
    for name, continued in settings.continued_elsewhere.items():
        source = stack_of_this_project(continued.stack or "")
        assert settings.project == source.project
        assert settings.base_model(name) == source.base_model(continued.model)


def test_the_local_stack() -> None:
    settings = stack_of_this_project("local")
    assert {model.mode for model in settings.tuned.values()} == {"FULL", "PEFT_ADAPTER"}
    assert all(dataset.validation for dataset in settings.datasets.values())
    for endpoint in settings.serving.values():
        assert endpoint.held_out
        assert (CHECKOUT / endpoint.held_out).is_file()


def test_the_stack_of_every_way_to_tune() -> None:
    settings = stack_of_this_project("methods")
    assert {settings.method(name) for name in settings.tuned} == set(get_args(Method))

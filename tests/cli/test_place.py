"""Where a command looks: a stack's outputs, its configuration before there are any, or a project by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from tunestack.cli import place
from tunestack.cli.stack import StackError
from tunestack.tuning.ownership import Owner, digest

Tell = Callable[..., None]

OUTPUTS = {"project": "p-of-outputs", "location": "europe-west4"}
CONFIG = {"project": "p-of-config", "location": "us-west1"}


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder without a project, and no emulator."""
    monkeypatch.delenv(place.EMULATOR_URL, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("outputs", "config", "asked", "found", "why"),
    [
        (OUTPUTS, CONFIG, ("dev",), ("p-of-outputs", "europe-west4", ""), "what was applied counts"),
        ({}, CONFIG, ("dev",), ("p-of-config", "us-west1", ""), "nothing was applied yet"),
        ({"bucket": "b"}, CONFIG, ("dev",), ("p-of-config", "us-west1", ""), "outputs of a program of one's own"),
        (OUTPUTS, {}, ("dev", "", "global"), ("p-of-outputs", "global", ""), "another location of its project"),
        (
            {**OUTPUTS, "apiEndpoint": "http://e:1/"},
            {},
            ("dev",),
            ("p-of-outputs", "europe-west4", "http://e:1"),
            "local",
        ),
        ({}, {}, ("", "mine", "us-east5"), ("mine", "us-east5", ""), "no stack at all"),
    ],
)
def test_the_place_that_is_meant(
    engine: Tell, outputs: Any, config: Any, asked: tuple[str, ...], found: tuple[str, str, str], why: str
) -> None:
    engine(outputs, config)
    connection = place.find(*asked).connection
    assert (connection.project, connection.location, connection.api_endpoint) == found, why


def test_the_emulator_of_a_stack_that_was_not_applied(
    engine: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine({}, {**CONFIG, "emulator": True})
    with pytest.raises(StackError, match="`make emulator` starts it"):
        place.find("dev")
    (tmp_path / ".tunestack" / "emulator").mkdir(parents=True)
    (tmp_path / ".tunestack" / "emulator" / "emulator.json").write_text('{"url": "http://127.0.0.1:7"}')
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert place.find("dev").connection.api_endpoint == "http://127.0.0.1:7", "the engine looks upwards, too"
    monkeypatch.setenv(place.EMULATOR_URL, "http://127.0.0.1:8/")
    assert place.find("dev").connection.api_endpoint == "http://127.0.0.1:8"


@pytest.mark.parametrize(
    ("asked", "kind", "reason"),
    [
        (("dev", "mine"), typer.BadParameter, "stack dev names a project itself"),
        (("",), typer.BadParameter, "name the stack with --stack, or the place with --project and --location"),
        (("", "mine"), typer.BadParameter, "with --project and --location"),
        (("nosuch",), StackError, "no stack named 'nosuch' found"),
        (("dev",), StackError, "no tunestack:project and tunestack:location. Export the two"),
    ],
)
def test_no_place_that_could_be_meant(engine: Tell, asked: tuple[str, ...], kind: type[Exception], reason: str) -> None:
    engine({}, {"labels": {"a": "b"}})
    with pytest.raises(kind, match=reason):
        place.find(*asked)


def test_what_is_secret_is_not_read(engine: Tell, tmp_path: Path) -> None:
    engine({}, {**CONFIG, "serving": {"support": {"model": "tickets"}}})
    entries = tmp_path / "engine" / "config"
    entries.write_text(
        entries.read_text()[:-1] + ', "tunestack:labels": {"secret": true}, "aws:region": {"value": "x"}}'
    )
    assert place.configuration("dev") == {**CONFIG, "serving": {"support": {"model": "tickets"}}}


def test_the_label_of_a_stack_is_the_one_that_its_jobs_have(engine: Tell) -> None:
    engine(OUTPUTS)
    owner = Owner("urn:pulumi:dev::shop::tunestack:index:TuningJob::tickets")
    assert place.find("dev").stack_label() == digest(owner.stack)
    assert owner.shares_stack({"tunestack-stack": place.find("dev").stack_label()})
    engine(OUTPUTS, name="dev")
    with pytest.raises(StackError, match="--all shows all"):
        place.find("dev").stack_label()

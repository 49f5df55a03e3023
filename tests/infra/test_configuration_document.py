"""docs/configuration.md and the code say the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel

from infra.reading import read_settings
from infra.setting_problems import InvalidSettingsError, leaves
from infra.settings import Settings
from tunestack.catalogue import Method

CHECKOUT = Path(__file__).resolve().parent.parent.parent
DOCUMENT = (CHECKOUT / "docs" / "configuration.md").read_text("utf-8")
PLACE = {"tunestack:project": "my-project-123", "tunestack:location": "us-central1"}
ROW = re.compile(r"^\| `tunestack:([^`]+)` \| [^|]+ \| `([^`]+)` \|", re.MULTILINE)


def _keys(kind: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yields each key of a section and its default, as the document writes them."""
    for field in kind.model_fields.values():
        key, annotation = f"{prefix}{field.alias}", field.annotation
        named = get_origin(annotation) is dict
        inner = [kind for kind in leaves(annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if inner:
            for section in inner:
                yield from _keys(section, f"{key}.<name>." if named else f"{key}.")
        elif field.is_required():
            yield key, "required"
        else:
            yield key, "none" if field.default is None else json.dumps(field.default)


def test_every_key_is_described_with_its_default() -> None:
    assert dict(ROW.findall(DOCUMENT)) == dict(_keys(Settings))


def _first_yaml(document: str) -> dict[str, str]:
    config = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", document, re.DOTALL)[0])["config"]
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


def test_the_example_is_refused_until_it_is_filled_in() -> None:
    with pytest.raises(InvalidSettingsError) as caught:
        read_settings(_first_yaml(DOCUMENT), "dev")
    assert [problem.split(": ")[1] for problem in caught.value.problems] == [
        "config.tunestack:project",
        "config.tunestack:quota.contactEmail",
    ]


def test_the_example_works_when_it_is_filled_in() -> None:
    filled = {key: value.replace("YOUR-ADDRESS", "ada@example.com") for key, value in _first_yaml(DOCUMENT).items()}
    settings = read_settings({**filled, "tunestack:project": "my-project-123"}, "dev")
    assert not settings.emulator
    assert not settings.buckets.force_destroy


def test_the_stack_of_every_way_to_tune_works_when_it_has_a_project() -> None:
    document = (CHECKOUT / "docs" / "tuning.md").read_text("utf-8")
    settings = read_settings({**_first_yaml(document), **PLACE}, "dev")
    assert {settings.method(name) for name in settings.models} == set(get_args(Method))
    for dataset in settings.datasets.values():
        assert (CHECKOUT / dataset.training).is_file()


def test_every_output_is_described() -> None:
    source = (CHECKOUT / "infra" / "outputs.py").read_text("utf-8")
    written = set(re.findall(r'^ +"(\w+)":', source, re.MULTILINE))
    described = set(re.findall(r"`(\w+)`", DOCUMENT[DOCUMENT.index("## Outputs") :]))
    assert written <= described

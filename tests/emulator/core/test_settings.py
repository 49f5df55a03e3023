from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from emulator.settings import Quota, Settings, SettingsError, load

if TYPE_CHECKING:
    from pathlib import Path


class Room(msgspec.Struct, forbid_unknown_fields=True):
    seconds: float = 1.0


def test_defaults_without_a_file(tmp_path: Path) -> None:
    assert load(tmp_path) == Settings(data=tmp_path)


def test_reads_a_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"delays": {"apiEnabled": 2}, "quotas": {"Q": {"maximum": 3}}, "vertex": {"seconds": 5}}')
    settings = load(tmp_path, file)
    assert settings.delays.api_enabled == 2
    assert settings.quotas == {"Q": Quota(maximum=3)}
    assert settings.section("vertex", Room) == Room(5)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"delay": {}}', "unknown field `delay`"),
        ('{"delays": {"api_enabled": 1}}', "unknown field `api_enabled`"),
        ('{"delays": {"apiEnabled": "soon"}}', "Expected `float`, got `str` - at `$.delays.apiEnabled`"),
        ("{", "Input data was truncated"),
    ],
)
def test_refuses_what_is_not_a_setting(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(text)
    with pytest.raises(SettingsError) as error:
        load(tmp_path, file)
    assert str(file) in str(error.value)
    assert reason.split("`")[0] in str(error.value)
    assert all(part in str(error.value) for part in reason.split("`")[1::2])


def test_refuses_a_wrong_section_naming_it() -> None:
    with pytest.raises(SettingsError, match=r"`vertex`.*second"):
        Settings(vertex={"second": 1}).section("vertex", Room)


def test_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"settings\.json: No such file"):
        load(tmp_path, tmp_path / "settings.json")

"""Properties on the wire as policies read them."""

from __future__ import annotations

from google.protobuf.struct_pb2 import Struct

from tunestack.policies.properties import UNKNOWN, SecretText, read

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270"}
OUTPUT = {SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4"}


def test_plain_values() -> None:
    struct = Struct()
    struct.update({"text": "a", "number": 2, "yes": True, "list": ["a", {"b": 1}], "none": None})
    assert read(struct) == {"text": "a", "number": 2.0, "yes": True, "list": ["a", {"b": 1.0}]}


def test_unknown_values() -> None:
    struct = Struct()
    struct.update(
        {
            "text": "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
            "in": {"a": ["6a19a0b0-7e62-4c92-b797-7f8e31da9cc2"]},
            "output": OUTPUT,
            "secret": {**SECRET, "value": "3eeb2bf0-c639-47a8-9e75-3b44932eb421"},
        }
    )
    assert read(struct) == {"text": UNKNOWN, "in": {"a": [UNKNOWN]}, "output": UNKNOWN, "secret": UNKNOWN}


def test_secrets_are_never_shown() -> None:
    struct = Struct()
    struct.update(
        {"a": {**SECRET, "value": {"b": ["hush"]}}, "c": {**OUTPUT, "value": "hush", "secret": True}, "d": "hush"}
    )
    found = read(struct)
    assert found == {"a": {"b": ["hush"]}, "c": "hush", "d": "hush"}
    for text in (found["a"]["b"][0], found["c"]):
        assert isinstance(text, SecretText)
        assert f"{text} {text!s} {text!r} {text:>9}" == "[secret] [secret] [secret] [secret]"
    assert "hush" not in str([found["a"], found["c"]])

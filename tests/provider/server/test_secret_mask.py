"""What is hidden in messages, and which outputs become secret."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.provider.experimental.property_value import PropertyValue

from tunestack.provider.properties import wrap, wrap_map
from tunestack.provider.secret_mask import SecretMask, keep_secret


def secret(value: Any) -> PropertyValue:
    return wrap(value).with_secret(True)


@pytest.mark.parametrize(
    ("given", "message", "shown"),
    [
        pytest.param(secret("hidden"), "not hidden", "not [secret]", id="a text"),
        pytest.param(wrap({"env": {"TOKEN": secret("hidden")}}), "hidden", "[secret]", id="in a map"),
        pytest.param(secret({"env": ["hidden"]}), "hidden", "[secret]", id="a whole object"),
        pytest.param(secret("first\nsecond"), "in second", "in [secret]", id="one of its lines"),
        pytest.param(secret('a "word"'), r'{"m": "a \"word\""}', '{"m": "[secret]"}', id="as JSON writes it"),
        pytest.param(secret("a word/ä"), "/o/a%20word%2F%C3%A4?alt", "/o/[secret]?alt", id="in an address"),
        pytest.param(secret("gs://hush/a/b"), "object a/b of hush", "object a/b of [secret]", id="parts of an address"),
        pytest.param(secret("gs://hush/folder/"), "folder", "[secret]", id="its folder"),
        pytest.param(secret("data/hidden.jsonl"), "hidden.jsonl:3", "[secret]:3", id="a file without its folder"),
        pytest.param(secret("it's here"), "check 'it'\"'\"'s here' --all", "check [secret] --all", id="in a command"),
        pytest.param(secret("gs://hush/x/final"), "the final one", "the final one", id="not each word of an address"),
        pytest.param(secret(12345), "12345 steps", "[secret] steps", id="a number"),
        pytest.param(secret(0.00125), "rate 0.00125", "rate [secret]", id="a fraction"),
        pytest.param(secret(3), "3 epochs, 13 steps", "3 epochs, 13 steps", id="too short a number to be found"),
        pytest.param(secret("abc"), "abcdef", "abcdef", id="too short a text"),
        pytest.param(secret(value=True), "True", "True", id="a truth value is no text"),
        pytest.param(PropertyValue.computed().with_secret(True), "unknown", "unknown", id="not known yet"),
        pytest.param(wrap("plain"), "plain", "plain", id="no secret"),
    ],
)
def test_messages(given: PropertyValue, message: str, shown: str) -> None:
    mask = SecretMask()
    mask.learn({"input": given})
    assert mask.hide(message) == shown


def test_outputs_that_quote_a_secret_are_secret() -> None:
    inputs = {"outputUri": secret("gs://hush/folder"), "name": wrap("hush"), "labels": wrap({"team": secret("jobs")})}
    outputs = {
        **wrap_map({"outputUri": "gs://hush/folder", "name": "hush", "labels": {"team": "jobs"}, "state": "DONE"}),
        "artifactsUri": wrap("gs://hush/folder/tickets/12"),
        "checkpoints": wrap([{"uri": "gs://hush/folder/tickets/final"}]),
        "job": wrap("projects/p/jobs/1"),
        "endpoint": PropertyValue.computed(),
    }
    kept = keep_secret(outputs, inputs)
    assert {name for name, value in kept.items() if value.contains_secret()} == {
        "outputUri",
        "labels",
        "artifactsUri",
        "checkpoints",
    }, "the program says that the name is none, and a label's value may be part of any word"
    assert not kept["labels"].is_secret

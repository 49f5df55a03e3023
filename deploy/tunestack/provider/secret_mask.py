"""Secrets kept out of messages, which the engine never masks, and out of outputs that are made from them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from tunestack.provider.properties import keep_secrets

if TYPE_CHECKING:
    from pulumi.provider.experimental.property_value import PropertyValue

_SHORTEST = 4
"""A shorter secret is not masked: it would be found in half of all words."""


class SecretMask:
    """The secret texts and numbers that this process was given, and texts without them."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def learn(self, properties: Mapping[str, PropertyValue]) -> None:
        """Remembers every secret text and number in the properties, in every form that a message may quote."""
        for value in properties.values():
            for secret in _secrets(value, secret=False):
                self._secrets.update(form for form in _forms(secret) if len(form) >= _SHORTEST)

    def hide(self, text: str) -> str:
        """Returns the text with `[secret]` for each secret, the longest first."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "[secret]")
        return text

    def keep_derived(self, properties: Mapping[str, PropertyValue]) -> dict[str, PropertyValue]:
        """Returns the properties, secret where one quotes a secret: an address that is made from a secret folder."""
        return {name: self._kept(value) for name, value in properties.items()}

    def _kept(self, value: PropertyValue) -> PropertyValue:
        content = value.value
        if value.is_secret:
            return value
        if isinstance(content, str):
            return value.with_secret(any(secret in content for secret in self._secrets))
        if isinstance(content, Mapping):
            return value.with_value(self.keep_derived(content))
        if isinstance(content, tuple):
            return value.with_value([self._kept(item) for item in content])
        return value


def keep_secret(properties: Mapping[str, PropertyValue], like: Mapping[str, PropertyValue]) -> dict[str, PropertyValue]:
    """Returns the properties with secret what is secret in `like`, under its own name or quoted by a new one.

    Only whole texts count for the latter, such as a secret folder in the address of what lies there: a label's value or
    a number may be part of any name. What `like` has in the clear stays so.
    """
    known = SecretMask()
    known.learn({name: value for name, value in like.items() if isinstance(value.value, str)})
    kept = keep_secrets(properties, like)
    return {**kept, **known.keep_derived({name: value for name, value in kept.items() if name not in like})}


def _forms(secret: str) -> Iterable[str]:
    """Yields a secret as it is, by line, as Python, JSON, shells and addresses write it, and parts of an address."""
    yield from (secret, *secret.splitlines(), repr(secret)[1:-1], shlex.quote(secret))
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield from (quote(secret), quote(secret, safe=""))
    if parts := re.fullmatch(r"gs://([^/]+)/?(.*?)/?", secret):
        yield from (parts[1], parts[2], quote(parts[2], safe=""))
    # A file's name is quoted without its folder; other last parts, such as `final`, are words of every message.
    if "." in (name := secret.rstrip("/").rpartition("/")[2]):
        yield name


def _secrets(value: PropertyValue, *, secret: bool) -> Iterable[str]:
    secret = secret or value.is_secret
    content = value.value
    if isinstance(content, str):
        if secret:
            yield content
    elif isinstance(content, float):
        if secret:
            yield str(int(content)) if content.is_integer() else repr(content)
    elif isinstance(content, Mapping):
        for item in content.values():
            yield from _secrets(item, secret=secret)
    elif isinstance(content, tuple):
        for element in content:
            yield from _secrets(element, secret=secret)

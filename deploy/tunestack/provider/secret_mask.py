"""Secrets kept out of messages, which the engine never masks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi.provider.experimental.property_value import PropertyValue

_SHORTEST = 4
"""A shorter secret is not masked: it would be found in half of all words."""


class SecretMask:
    """The secret strings that this process was given, and texts without them."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def learn(self, properties: Mapping[str, PropertyValue]) -> None:
        """Remembers every secret string in the properties, its lines, and how Python writes it in a message."""
        for value in properties.values():
            for secret in _strings(value, secret=False):
                forms = (secret, repr(secret)[1:-1], *secret.splitlines())
                self._secrets.update(form for form in forms if len(form) >= _SHORTEST)

    def hide(self, text: str) -> str:
        """Returns the text with `[secret]` for each secret, the longest first."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "[secret]")
        return text


def _strings(value: PropertyValue, *, secret: bool) -> Iterable[str]:
    secret = secret or value.is_secret
    content = value.value
    if isinstance(content, str):
        if secret:
            yield content
    elif isinstance(content, Mapping):
        for item in content.values():
            yield from _strings(item, secret=secret)
    elif isinstance(content, tuple):
        for element in content:
            yield from _strings(element, secret=secret)

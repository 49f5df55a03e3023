"""Expressions of workflows, so far as those here use them; what they name must be there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(r"\s*('[^']*'|==|!=|&&|\|\||!|\(|\)|[A-Za-z_][\w.-]*)")
_EMBEDDED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


class Expressions:
    """Evaluates with the contexts of a job: `github`, `needs`, `matrix`, `vars`, `inputs`, `steps`, `runner`."""

    def __init__(self, contexts: Mapping[str, Any]) -> None:
        self.contexts = contexts

    def text(self, value: object) -> str:
        """Puts values in the places of the expressions in a text."""
        if isinstance(value, bool):
            return str(value).lower()
        return _EMBEDDED.sub(lambda found: str(self.value(found[1])), str(value))

    def condition(self, value: str | None, *, succeeded: bool) -> bool:
        """Says whether a job or a step is run; without a status function only after success."""
        if value is None:
            return succeeded
        inner = match[1] if (match := _EMBEDDED.fullmatch(value.strip())) else value
        return (succeeded or "cancelled()" in inner) and bool(self.value(inner))

    def value(self, expression: str) -> Any:
        tokens = []
        rest = expression.strip()
        while rest:
            found = _TOKEN.match(rest)
            assert found, f"this is not understood: {rest}"
            tokens.append(found[1])
            rest = rest[found.end() :].strip()
        value = self._either(tokens)
        assert not tokens, tokens
        return value

    def _either(self, tokens: list[str]) -> Any:
        value = self._both(tokens)
        while tokens[:1] == ["||"]:
            tokens.pop(0)
            other = self._both(tokens)
            value = value or other
        return value

    def _both(self, tokens: list[str]) -> Any:
        value = self._compared(tokens)
        while tokens[:1] == ["&&"]:
            tokens.pop(0)
            other = self._compared(tokens)
            value = value and other
        return value

    def _compared(self, tokens: list[str]) -> Any:
        value = self._single(tokens)
        if tokens[:1] in (["=="], ["!="]):
            is_equal = tokens.pop(0) == "=="
            return (value == self._single(tokens)) is is_equal
        return value

    def _single(self, tokens: list[str]) -> Any:
        token = tokens.pop(0)
        if token == "!":
            return not self._single(tokens)
        if token.startswith("'"):
            return token[1:-1]
        if tokens[:1] == ["("]:
            tokens.pop(0)
            given = [] if tokens[0] == ")" else [self._either(tokens)]
            assert tokens.pop(0) == ")"
            assert token in ("fromJSON", "cancelled"), token
            return json.loads(*given) if token == "fromJSON" else False  # nobody cancels here
        return self._looked_up(token)

    def _looked_up(self, path: str) -> Any:
        value: Any = self.contexts
        first, *names = path.split(".")
        value = value[first]  # a context that is not there is a mistake
        for name in names:
            if value is None:
                return None
            # Variables and outputs that nobody has set are empty; anything else that is missing is a mistake.
            value = value.get(name, "") if first == "vars" else value[name]
        return value

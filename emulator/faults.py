"""Faults on demand: a status, a delay or a dropped connection for the next requests that match."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from emulator.errors import HTTP_CODES, ServiceError

if TYPE_CHECKING:
    from starlette.responses import JSONResponse


class Fault(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """One rule. It applies to the next `times` requests whose method and whole path match, and does one thing."""

    path: str
    """A regular expression for the path with its prefix, without the query."""
    method: str = ""
    """GET, POST, …; any where empty."""
    times: int | None = 1
    """How often; None for ever."""
    status: int = 0
    """Answers this status with `message`, and the service does not act."""
    message: str = ""
    delay_seconds: float = 0.0
    """Waits before the service acts."""
    drop: Literal["", "before", "after"] = ""
    """Closes the connection without an answer, before the service acts or after."""

    def __post_init__(self) -> None:
        try:
            re.compile(self.path)
        except re.error as error:
            message = f"`path` is not a regular expression: {error}"
            raise ValueError(message) from error
        if [bool(self.status), bool(self.delay_seconds), bool(self.drop)].count(True) != 1:
            raise ValueError("a rule does one thing: `status`, `delaySeconds` or `drop`")
        if self.times is not None and self.times < 1:
            raise ValueError("`times` must be at least 1, or null for ever")

    def answer(self) -> JSONResponse:
        """The answer of a rule with a status."""
        names = (name for name, code in HTTP_CODES.items() if code == self.status)
        error = ServiceError(next(names, "UNKNOWN"), self.message or f"Injected fault: {self.status}.")
        error.code = self.status
        return error.response()


class Faults:
    """The rules in force, oldest first. They end with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Fault] = []

    def add(self, rule: dict[str, Any]) -> None:
        """Puts a rule in force.

        Raises:
            ServiceError: the rule is not one; the message names the field.
        """
        try:
            fault = msgspec.convert(rule, Fault)
        except msgspec.ValidationError as error:
            raise ServiceError("INVALID_ARGUMENT", f"Not a fault: {error}.") from error
        with self._lock:
            self._rules.append(fault)

    def clear(self) -> None:
        """Takes every rule back."""
        with self._lock:
            self._rules.clear()

    def list(self) -> list[dict[str, Any]]:
        """The rules that are left, with the times that are left to them."""
        with self._lock:
            return [msgspec.to_builtins(rule) for rule in self._rules]

    def take(self, method: str, path: str) -> Fault | None:
        """The first rule that matches a request, used up by one."""
        with self._lock:
            for position, rule in enumerate(self._rules):
                if rule.method in {"", method} and re.fullmatch(rule.path, path):
                    if rule.times == 1:
                        del self._rules[position]
                    elif rule.times is not None:
                        self._rules[position] = msgspec.structs.replace(rule, times=rule.times - 1)
                    return rule
        return None

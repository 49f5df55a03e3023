"""Faults on demand: a status, a delay, a dropped connection or a standstill for the next requests that match."""

from __future__ import annotations

import random
import re
import threading
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from emulator.errors import HTTP_CODES, ServiceError

if TYPE_CHECKING:
    from starlette.responses import JSONResponse


class Fault(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """One rule: which of the requests whose method and whole path match it applies to, and the one thing it does."""

    path: str
    """A regular expression for the path with its prefix, without the query."""
    method: str = ""
    """GET, POST, …; any where empty."""
    times: int | msgspec.UnsetType | None = msgspec.UNSET
    """How often; None for ever. Once by default, and for ever where there is a share."""
    skip: int = 0
    """The first that match and pass."""
    share: float | None = None
    """Which part of the requests that match it applies to, drawn anew for each; all by default."""
    seed: int = 0
    """Where the draws for the share start from, so that they can be had again."""
    status: int = 0
    """Answers this status with `message`, and the service does not act."""
    message: str = ""
    delay_seconds: float = 0.0
    """Waits before the service acts."""
    drop: Literal["", "before", "after"] = ""
    """Closes the connection without an answer, before the service acts or after."""
    hold: Literal["", "before", "after"] = ""
    """Stands still until it is released or the client is gone, before the service acts or between act and answer."""

    def __post_init__(self) -> None:
        try:
            re.compile(self.path)
        except re.error as error:
            message = f"`path` is not a regular expression: {error}"
            raise ValueError(message) from error
        if [bool(self.status), bool(self.delay_seconds), bool(self.drop), bool(self.hold)].count(True) != 1:
            raise ValueError("a rule does one thing: `status`, `delaySeconds`, `drop` or `hold`")
        if isinstance(self.times, int) and self.times < 1:
            raise ValueError("`times` must be at least 1, or null for ever")
        if self.skip < 0:
            raise ValueError("`skip` must not be negative")
        if self.share is not None and not 0 < self.share <= 1:
            raise ValueError("`share` must be above 0 and at most 1")

    def answer(self) -> JSONResponse:
        """The answer of a rule with a status."""
        names = (name for name, code in HTTP_CODES.items() if code == self.status)
        error = ServiceError(next(names, "UNKNOWN"), self.message or f"Injected fault: {self.status}.")
        error.code = self.status
        return error.response()


class _Rule:
    """A rule in force, with what is left of it."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        default = 1 if fault.share is None else None
        self._times = default if isinstance(fault.times, msgspec.UnsetType) else fault.times
        self._skip = fault.skip
        self._draws = random.Random(fault.seed)  # noqa: S311 (repeatable on purpose)

    @property
    def spent(self) -> bool:
        return self._times == 0

    def left(self) -> dict[str, Any]:
        left: dict[str, Any] = msgspec.to_builtins(
            msgspec.structs.replace(self.fault, times=self._times, skip=self._skip)
        )
        return left

    def applies(self, method: str, path: str) -> bool:
        """Whether it applies to this request, which then counts."""
        if self.fault.method not in {"", method} or not re.fullmatch(self.fault.path, path):
            return False
        if self._skip:
            self._skip -= 1
            return False
        if self.fault.share is not None and self._draws.random() >= self.fault.share:
            return False
        if self._times is not None:
            self._times -= 1
        return True


class Faults:
    """The rules in force, oldest first. They end with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []

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
            self._rules.append(_Rule(fault))

    def clear(self) -> None:
        """Takes every rule back."""
        with self._lock:
            self._rules.clear()

    def list(self) -> list[dict[str, Any]]:
        """The rules that are left, with the times and skips that are left to them."""
        with self._lock:
            return [rule.left() for rule in self._rules]

    def take(self, method: str, path: str) -> Fault | None:
        """The first rule that applies to a request, used up by one."""
        with self._lock:
            for rule in self._rules:
                if rule.applies(method, path):
                    if rule.spent:
                        self._rules.remove(rule)
                    return rule.fault
        return None

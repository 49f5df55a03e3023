"""Which machines can be had where: all of them, until some are taken away, as the service's run out by the hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from emulator.errors import ServiceError

if TYPE_CHECKING:
    from emulator.state import Documents

_COLLECTION = "taken_machines"
_ALL = "*"


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is taken away or given back."""

    region: str
    """Such as `europe-west4`."""
    available: bool
    """False takes it away."""
    machine: str = ""
    """A machine type; all of them where empty."""


class Availability:
    """What was taken away; it stays so when the emulator starts again."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def change(self, body: dict[str, Any]) -> None:
        """Takes machines away, or gives them back; giving all back gives back those that were taken one by one.

        Raises:
            ServiceError: the body is not a `Change`; the message names the field.
        """
        try:
            change = msgspec.convert(body, Change)
        except msgspec.ValidationError as error:
            raise ServiceError("INVALID_ARGUMENT", f"Not a change of capacity: {error}.") from error
        with self._documents.transaction():
            if not change.available:
                taken = {"region": change.region, "machine": change.machine}
                self._documents.put(_COLLECTION, f"{change.region}/{change.machine or _ALL}", taken)
                return
            for key, taken in self._documents.list(_COLLECTION, f"{change.region}/"):
                if change.machine in ("", taken["machine"]):
                    self._documents.delete(_COLLECTION, key)

    def restore(self) -> None:
        """Gives everything back."""
        for key, _ in self._documents.list(_COLLECTION):
            self._documents.delete(_COLLECTION, key)

    def taken(self) -> list[dict[str, Any]]:
        """What cannot be had now: region, and machine type or nothing for all."""
        return [taken for _, taken in self._documents.list(_COLLECTION)]

    def has(self, region: str, machine: str) -> bool:
        """Whether a machine can be had in a region."""
        return not any(self._documents.get(_COLLECTION, f"{region}/{each}") for each in (machine, _ALL))

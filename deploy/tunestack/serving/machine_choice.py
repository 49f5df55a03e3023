"""Which of several machines is taken, and what speaks against the others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunestack.catalogue import find_machine
from tunestack.quotas import UNLIMITED
from tunestack.wording import gib

if TYPE_CHECKING:
    from tunestack.serving.capacity import Capacity
    from tunestack.serving.specification import Machine


NOT_RECOMMENDED = "is not recommended by the service for this checkpoint"
"""What speaks against a machine that the service names no container for."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a deployment takes beside what others have.

    Attributes:
        replicas: that always run.
        surge: replicas of the new version beside the old ones, where it rolls; None where nothing serves yet, or where
            the old ones make way first.
        leaving: endpoint and id of the deployed models that make way first.
        followed: those that make way in the end: their accelerators, where they are of the same kind, are taken over.
        own_container: whether the program brings its container, so that what the service recommends does not matter.
    """

    replicas: int = 1
    surge: int | None = None
    leaving: Collection[tuple[str, str]] = ()
    own_container: bool = False
    followed: Collection[tuple[str, str]] = ()

    @classmethod
    def of(
        cls,
        replicas: int,
        options: Mapping[str, int],
        endpoint: str,
        before: Collection[str],
        *,
        own_container: bool = False,
    ) -> Need:
        """Returns what is taken on an endpoint, with a rollout's options.

        Args:
            replicas: that always run.
            options: `max_surge_replicas`, `max_unavailable_replicas`.
            endpoint: its resource name.
            before: ids of the deployed models whose place is taken.
            own_container: whether the program brings its container.
        """
        surge = options.get("max_surge_replicas", 0)
        leaving = [(endpoint.rpartition("/")[2], each) for each in before]
        if before and surge and not options.get("max_unavailable_replicas"):
            followed = leaving if endpoint else ()
            return cls(replicas, surge=surge, own_container=own_container, followed=followed)
        return cls(replicas, leaving=leaving, own_container=own_container)

    def accelerators(self, each: int) -> int:
        """Returns how many accelerators must be free, with so many in each replica."""
        return each * (self.replicas if self.surge is None else min(self.surge, self.replicas))


def in_order(machines: Sequence[Machine], serving: str) -> list[Machine]:
    """Returns the machines in the order in which they are tried: where it serves already first, then as listed."""
    return sorted(machines, key=lambda machine: machine[0] != serving)


def obstacles(machines: Sequence[Machine], capacity: Capacity, need: Need) -> dict[Machine, str]:
    """Returns what is known to speak against machines; each text goes on from the machine's name."""
    found = {machine: _obstacle(machine, capacity, need) for machine in machines}
    return {machine: text for machine, text in found.items() if text}


def reason(machines: Sequence[Machine], chosen: Machine, against: Mapping[Machine, str], serving: str) -> str:
    """Returns why a machine was taken, for people: what spoke against those that are tried before it.

    Args:
        machines: in the order in which they are tried.
        chosen: the one that was taken.
        against: what speaks against others.
        serving: the machine type on which it served before; empty where it did not.
    """
    passed_over = machines[: machines.index(chosen)]
    if passed_over:
        return f"{chosen[0]}: {told(passed_over, against)}"
    return f"{chosen[0]}: {'it serves there' if chosen[0] == serving else 'the first of the list'}"


def told(machines: Sequence[Machine], against: Mapping[Machine, str]) -> str:
    """Returns what speaks against machines, in one line."""
    return "; ".join(f"{machine[0]} {against[machine]}" for machine in machines if machine in against)


def _obstacle(machine: Machine, capacity: Capacity, need: Need) -> str:
    name, accelerator, count = machine
    row = find_machine(name)
    if row and row.holds(capacity.weight_bytes) is False:
        return (
            f"cannot hold the checkpoint: its weights take {gib(capacity.weight_bytes)}, and "
            f"{gib(row.usable_bytes)} are usable"
        )
    if text := _shortage(accelerator, _needed(accelerator, count, capacity, need), capacity, need):
        return text
    return _not_had(machine, capacity, need)


def _needed(accelerator: str, count: int, capacity: Capacity, need: Need) -> int:
    """Returns how many accelerators must be free: those of the surge, and in the end all that are not taken over."""
    at_once = need.accelerators(count)
    if not need.followed or capacity.deployed is None:
        return at_once
    known = [capacity.deployed[name] for name in need.followed if name in capacity.deployed]
    taken_over = sum(number for kind, number in known if kind == accelerator)
    return max(at_once, count * need.replicas - taken_over) if known else at_once


def _shortage(accelerator: str, needed: int, capacity: Capacity, need: Need) -> str:
    granted = capacity.granted(accelerator)
    if granted is None or granted == UNLIMITED:
        return ""
    used = capacity.in_use(accelerator, need.leaving) or 0
    if needed <= granted - used:
        return ""
    in_use = f", {used} in use" if used else ""
    return f"has no quota in {capacity.region}: {granted} {accelerator} granted{in_use}, {needed} needed"


def _not_had(machine: Machine, capacity: Capacity, need: Need) -> str:
    offers = capacity.offers
    if offers is None:
        return ""
    if machine in offers.available:
        known = capacity.granted(machine[1]) is not None
        lacks = offers.available[machine] is False and need.surge is None and not known
        return f"has no quota in {capacity.region}, says the service" if lacks else ""
    if machine in offers.recommended:
        return f"cannot be had in {capacity.region} now"
    return "" if need.own_container else NOT_RECOMMENDED

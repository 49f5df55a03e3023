"""What the two budgets share: prices that are known, prices that are not, and a sum that is held against a limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tunestack.catalogue.amounts import exactly, money
from tunestack.policies.policy import Finding, Resource

Priced = Sequence[tuple[Resource, float | None]]
"""Resources with what each costs, in USD; None is not known."""


def excess(priced: Priced, limit: float) -> str:
    """Returns the sum and its items, the dearest first, where that is more than the limit; else nothing."""
    known = [(resource.name, cost) for resource, cost in priced if cost is not None]
    if (total := sum(cost for _, cost in known)) <= limit:
        return ""
    items = ", ".join(f"{name} {money(cost)}" for name, cost in sorted(known, key=lambda item: -item[1]))
    return f"{money(total)}, more than {exactly(limit)}: {items}"


def unpriced(priced: Priced, why: str, advice: str, place: str, *, refuses: bool) -> Iterator[Finding]:
    """Yields one finding for each resource whose price is not known.

    Args:
        priced: the resources.
        why: what is not known, to stand behind the name.
        advice: how to have it known.
        place: where it is configured whether that is refused.
        refuses: whether it is.
    """
    for resource, cost in priced:
        if cost is not None:
            continue
        if refuses:
            yield Finding(f"{resource.name}: {why}; {advice}, or have {place} set to tell", urn=resource.urn)
        else:
            message = f"{resource.name}: {why}, so the budget leaves it out; {place}: refuse would not let it pass"
            yield Finding(message, is_advice=True, urn=resource.urn)

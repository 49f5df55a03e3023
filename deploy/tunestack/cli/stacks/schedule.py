"""Does something for each of many stacks: one after those that it waits for, all others at the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

_Done = TypeVar("_Done")


def walk(
    waits_for: Mapping[str, frozenset[str]],
    perform: Callable[[str], _Done],
    *,
    went_well: Callable[[_Done], bool],
    held_back: Callable[[str, list[str]], _Done],
    at_once: int,
) -> dict[str, _Done]:
    """Does something for each stack.

    Args:
        waits_for: the stacks, and for each those of them that must have gone well before; there is no circle in it.
        perform: does it, in a thread.
        went_well: whether what was done lets others go on.
        held_back: what takes the place of a stack that is not begun since others failed; is told which.
        at_once: how many may be worked on at the same time.

    Returns:
        What was done for each, in the order of `waits_for`.
    """
    done: dict[str, _Done] = {}
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="stack") as pool:
        begun: dict[Future[_Done], str] = {}
        left = dict(waits_for)
        while left or begun:
            for name in [name for name, others in left.items() if others <= done.keys()]:
                failed = sorted(other for other in left.pop(name) if not went_well(done[other]))
                if failed:
                    done[name] = held_back(name, failed)
                else:
                    begun[pool.submit(perform, name)] = name
            if begun:
                for future in wait(begun, return_when=FIRST_COMPLETED).done:
                    done[begun.pop(future)] = future.result()
    return {name: done[name] for name in waits_for}

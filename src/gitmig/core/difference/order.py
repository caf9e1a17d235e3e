"""Putting work into an order in which everything finds what it needs."""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

T = TypeVar("T")


def ordered(nodes: Collection[T], after: Mapping[T, set[T]], priority: Callable[[T], Any]) -> list[T]:
    """Every node behind those in `after` of it; of several that could be next, the one of the lowest priority.

    Where nodes wait for each other in a ring, the one of the lowest priority does not wait.
    """
    there = set(nodes)
    remaining = {node: (after.get(node, set()) & there) - {node} for node in nodes}
    before: defaultdict[T, list[T]] = defaultdict(list)
    for node, waits in remaining.items():
        for other in waits:
            before[other].append(node)
    keys = {node: (priority(node), number) for number, node in enumerate(remaining)}
    names = list(remaining)
    ready = [keys[node] for node, waits in remaining.items() if not waits]
    heapq.heapify(ready)
    found: list[T] = []
    while remaining:
        key = heapq.heappop(ready) if ready else min(keys[node] for node in remaining)
        node = names[key[1]]
        if node not in remaining:
            continue
        del remaining[node]
        found.append(node)
        for other in before[node]:
            if other in remaining:
                remaining[other].discard(node)
                if not remaining[other]:
                    heapq.heappush(ready, keys[other])
    return found

"""The order of loading: what a plugin needs comes before it, names break ties."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping


def load_order(needs: Mapping[str, Collection[str]]) -> tuple[list[str], list[list[str]]]:
    """Names so that each stands behind all it needs, and the cycles that prevent it.

    ``needs`` maps a name to the names it needs; names that are not keys are
    ignored. Among those that could come next the alphabet decides, so the order
    depends on nothing but ``needs``. Names in a cycle, or behind one, are
    missing from the order (Kahn, 1962). A cycle is given once, from its first
    name in the alphabet, each name needing the next.
    """
    open_needs = {name: {need for need in wanted if need in needs} for name, wanted in needs.items()}
    ready = [name for name, wanted in open_needs.items() if not wanted]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        name = heapq.heappop(ready)
        order.append(name)
        del open_needs[name]
        for other, wanted in open_needs.items():
            if name in wanted:
                wanted.remove(name)
                if not wanted:
                    heapq.heappush(ready, other)
    return order, _cycles(open_needs)


def _cycles(stuck: dict[str, set[str]]) -> list[list[str]]:
    """One cycle for each knot of names that wait for one another."""
    reach = {name: _reachable(name, stuck) for name in stuck}
    cycles: list[list[str]] = []
    told: set[str] = set()
    for name in sorted(stuck):
        if name in reach[name] and name not in told:
            knot = {other for other in reach[name] if name in reach[other]}
            told |= knot
            cycles.append(_shortest_cycle(name, knot, stuck))
    return cycles


def _reachable(start: str, needs: Mapping[str, Collection[str]]) -> set[str]:
    found: set[str] = set()
    edge = set(needs[start])
    while edge:
        found |= edge
        edge = {need for name in edge for need in needs[name]} - found
    return found


def _shortest_cycle(start: str, knot: set[str], needs: Mapping[str, Collection[str]]) -> list[str]:
    paths = [[start]]
    seen = {start}
    for path in paths:
        for need in sorted(set(needs[path[-1]]) & knot):
            if need == start:
                return path
            if need not in seen:
                seen.add(need)
                paths.append([*path, need])
    raise AssertionError("a knot holds a cycle through each of its names")


def dependents(names: Collection[str], needs: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Everything that needs one of ``names``, directly or not, and which it needs."""
    found: dict[str, str] = {}
    edge = set(names)
    while edge:
        fresh = {
            name: min(set(wanted) & edge)
            for name, wanted in needs.items()
            if name not in found and name not in names and set(wanted) & edge
        }
        found.update(fresh)
        edge = set(fresh)
    return found

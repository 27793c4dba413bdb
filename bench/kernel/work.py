"""The operations, as requests to either server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any
from uuid import UUID

from ..client import request
from .world import INDUSTRIES, World, stage_of, word

LANES = 8
STEPS = ("engaging", "proposal", "negotiation")

Requests = Iterator[str]


@dataclass(frozen=True)
class Operation:
    """One thing that is asked for. ``count`` requests make a burst; ``target`` bounds the ratio."""

    id: str
    count: int
    target: float
    requests: Callable[[Side, int], Requests]


class Side:
    """What one server is asked: in its own addresses, about opportunities of its own.

    ``lane`` is a connection; lanes act for different representatives where there are enough.
    """

    def __init__(self, name: str, world: World, people: list[dict[str, str]]) -> None:
        self.name = name
        self.world = world
        self.people = people
        self.tenon = name == "tenon"
        self._lanes: dict[tuple[str, int], Requests] = {}

    def lanes(self, operation: Operation, count: int) -> list[list[str]]:
        """The next ``count`` requests of an operation, spread over the lanes."""
        return [list(islice(self._lane(operation, lane), max(1, count // LANES))) for lane in range(LANES)]

    def _lane(self, operation: Operation, lane: int) -> Requests:
        return self._lanes.setdefault((operation.id, lane), operation.requests(self, lane))

    def rep(self, lane: int) -> int:
        return lane % self.world.reps

    def key(self, lane: int) -> str:
        return self.people[self.rep(lane)]["key"]

    @property
    def admin(self) -> str:
        return self.people[-1]["key"]

    def path(self, rest: str) -> str:
        return f"/api/v1{rest}" if self.tenon else rest


def get(side: Side, lane: int) -> Requests:
    for _number, id_ in cycle(list(side.world.own(side.rep(lane), 2))):
        yield request("GET", side.path(f"/accounts/{id_}"), side.key(lane))


def list50(side: Side, lane: int) -> Requests:
    for industry in cycle(INDUSTRIES):
        query = (
            f"filter[industry]={industry}&sort=name&page[size]=50&total=true"
            if side.tenon
            else f"industry={industry}"
        )
        yield request("GET", side.path(f"/accounts?{query}"), side.key(lane))


def create(side: Side, lane: int) -> Requests:
    number = 0
    while True:
        number += 1
        yield request(
            "POST", side.path("/contacts"), side.key(lane), person(f"{side.name}.{lane}.{number}", number)
        )


def person(mark: str, number: int) -> dict[str, Any]:
    return {
        "first_name": word(number), "last_name": word(number + 3), "title": "Buyer",
        "email": f"{mark}@example.org", "phone": f"+4930{number:07d}", "street": "Main street 1",
        "city": "Berlin", "country": "DE",
    }  # fmt: skip


def move(side: Side, lane: int) -> Requests:
    path = "transitions" if side.tenon else "stage"
    for id_ in waiting(side, lane):
        for step in STEPS:
            yield request("POST", side.path(f"/opportunities/{id_}/{path}"), side.key(lane), {"to": step})
    raise RuntimeError("every opportunity has been moved: make fewer rounds")


def waiting(side: Side, lane: int) -> Iterator[UUID]:
    """Opportunities in the first stage that neither the other side nor another lane moves."""
    world = side.world
    sharing = [other for other in range(LANES) if side.rep(other) == side.rep(lane)]
    own = (id_ for n, id_ in world.own(side.rep(lane), 4) if stage_of(n, world.reps) == "prospecting")
    return islice(own, sharing.index(lane) * 2 + side.tenon, None, len(sharing) * 2)


def sum_own(side: Side, lane: int) -> Requests:
    return cycle([request("GET", side.path(f"/opportunities/sums{grouped(side)}"), side.key(lane))])


def sum_all(side: Side, _lane: int) -> Requests:
    return cycle([request("GET", side.path(f"/opportunities/sums{grouped(side)}"), side.admin)])


def grouped(side: Side) -> str:
    return "?by=stage&of=amount" if side.tenon else ""


READS, WRITES = 2.0, 3.0

OPERATIONS = (
    Operation("get", 640, READS, get),
    Operation("list50", 240, READS, list50),
    Operation("create", 240, WRITES, create),
    Operation("move", 240, WRITES, move),
    Operation("sum_own", 320, READS, sum_own),
    Operation("sum_all", 32, READS, sum_all),
)

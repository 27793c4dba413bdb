"""Names given twice, and slots for places that do not exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..nearest import did_you_mean, listed
from . import contributions as c
from .check_entities import known_entity
from .collecting import Given
from .places import PLACES
from .report import Code, PluginProblem
from .world import World

# What has to be unique, and among what: the whole build, or one plugin's own.
_UNIQUE: tuple[tuple[type[Any], str, Callable[[Given], tuple[str, ...]]], ...] = (
    (c.Entity, "entity", lambda g: (g.contribution.name,)),
    (c.Entity, "URL of an entity", lambda g: (g.contribution.plural,)),
    (c.Pipeline, "pipeline", lambda g: (g.key,)),
    (c.GuardCheck, "guard check", lambda g: (g.key,)),
    (c.Permission, "permission", lambda g: (g.key,)),
    (c.RoleTemplate, "role template", lambda g: (g.plugin, g.key)),
    (c.Scope, "scope", lambda g: (g.key,)),
    (c.NamedFieldSet, "field set", lambda g: (g.key,)),
    (c.Subscriber, "subscriber", lambda g: (g.key,)),
    (c.Job, "job", lambda g: (g.key,)),
    (c.Integration, "integration", lambda g: (g.key,)),
    (c.HealthCheck, "health check", lambda g: (g.key,)),
    (c.Seed, "seed", lambda g: (g.plugin, g.key)),
    (c.Slot, "slot", lambda g: (g.plugin, g.contribution.place, g.key)),
    (c.Command, "command", lambda g: (g.contribution.group or g.plugin, g.key)),
)


COMMAND_GROUPS = ("access",)


def check_keys(world: World) -> Iterator[PluginProblem]:
    """Everything that two contributions claim, slots without a place, commands without a group."""
    for kind, noun, key in _UNIQUE:
        yield from _collisions(world, kind, noun, key)
    for given, slot in world.all(c.Slot):
        yield from _slot(world, given, slot)
    for given, command in world.all(c.Command):
        if command.group and command.group not in COMMAND_GROUPS:
            yield _ungrouped(given, command)


def _collisions(
    world: World, kind: type[Any], noun: str, key: Callable[[Given], tuple[str, ...]]
) -> Iterator[PluginProblem]:
    first: dict[tuple[str, ...], Given] = {}
    for given, _ in world.all(kind):
        owner = first.setdefault(key(given), given)
        if owner is not given:
            name = key(given)[-1]
            yield given.problem(
                Code.CONTRIBUTION_COLLISION,
                f"The {noun} {name!r} is already contributed by plugin {owner.plugin!r} at {owner.line}",
                f"each {noun} contributed once",
                f"Rename it, for example to {given.plugin}_{name}, or extend the other's.",
            )


def _ungrouped(given: Given, command: c.Command) -> PluginProblem:
    return given.problem(
        Code.UNKNOWN_TARGET,
        f"The command {command.command.name!r} is for the group {command.group!r}, which the kernel"
        f" does not have{did_you_mean(command.group, COMMAND_GROUPS)}",
        f"one of {listed(COMMAND_GROUPS, 20)}, or none",
        "Leave group out: the command is then run by the plugin's name.",
    )


def _slot(world: World, given: Given, slot: c.Slot) -> Iterator[PluginProblem]:
    place = PLACES.get(slot.place)
    if place is None:
        yield given.problem(
            Code.UNKNOWN_TARGET,
            f"The slot {slot.key!r} is for the place {slot.place!r}, which nobody declares"
            f"{did_you_mean(slot.place, PLACES)}",
            f"one of {listed(PLACES, 20)}",
            "Correct the place; `tenon plugins slots` describes each.",
        )
        return
    for need in place.needs:
        if getattr(slot, need) is None:
            yield given.problem(
                Code.WRONG_CONTRIBUTION,
                f"The slot {slot.key!r} at {place.name} has no {need!r}",
                f"{', '.join(place.needs)}, without which the place has nothing to show",
                f"Give {need}=….",
            )
    if slot.entity is not None:
        yield from known_entity(world, given, slot.entity)

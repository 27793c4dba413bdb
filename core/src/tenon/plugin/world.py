"""All contributions in force, by name, for the checks and for the composed app."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any, TypeVar

from . import contributions as c
from .collecting import Given
from .discovery import Candidate
from .order import dependents
from .resolve import needs

T = TypeVar("T")


@dataclass(frozen=True)
class LeftOut:
    """A contribution that is not in force, and why."""

    given: Given
    reason: str


class World:
    """What the loaded plugins give together, for the modes that are switched on.

    ``models`` are the modules that hold each plugin's mapped classes.
    """

    def __init__(
        self,
        order: Sequence[Candidate],
        given: Sequence[Given],
        modes: frozenset[str],
        models: Mapping[str, Sequence[ModuleType]],
    ) -> None:
        self.order = tuple(order)
        self.models = models
        self.left_out: list[LeftOut] = []
        self._every = tuple(given)
        self.given = self._in_force(modes)

    def all(self, kind: type[T]) -> list[tuple[Given, T]]:
        """Contributions of one type in load order, each with its origin."""
        return [(g, g.contribution) for g in self.given if isinstance(g.contribution, kind)]

    @cached_property
    def entities(self) -> dict[str, Given]:
        return {entity.name: given for given, entity in reversed(self.all(c.Entity))}

    @cached_property
    def pipelines(self) -> dict[str, Given]:
        return {pipeline.key: given for given, pipeline in reversed(self.all(c.Pipeline))}

    @cached_property
    def checks(self) -> dict[str, Given]:
        return {check.key: given for given, check in reversed(self.all(c.GuardCheck))}

    def fields(self, entity: str) -> set[str]:
        """The field paths of an entity, extensions among them; custom ones are made at run time."""
        own = self.entities.get(entity)
        paths = set(columns(own.contribution.model)) if own else set()
        for given, extension in self.all(c.EntityExtension):
            if extension.entity == entity:
                key = extension.key or given.plugin
                paths |= {f"ext.{key}.{name}" for name in columns(extension.model) if name != "id"}
        return paths

    def may_name(self, given: Given, owner: Given) -> bool:
        """Whether ``given`` may speak of what ``owner`` gave: its own, the kernel's, or a declared need."""
        if owner.candidate.builtin or given.plugin == owner.plugin:
            return True
        return given.plugin in dependents({owner.plugin}, needs(self.order))

    def _in_force(self, modes: frozenset[str]) -> tuple[Given, ...]:
        here = [g for g in self._every if not g.contribution.modes or g.contribution.modes & modes]
        other = self._others(here)
        self.left_out += [LeftOut(g, "serves another mode") for g in other]
        here = self._without(here, "entity", c.Entity, other)
        return tuple(self._without(here, "pipeline", c.Pipeline, self._others(here)))

    def _others(self, here: list[Given]) -> list[Given]:
        kept = {id(given) for given in here}
        return [given for given in self._every if id(given) not in kept]

    def _without(self, here: list[Given], target: str, kind: type[Any], other: list[Given]) -> list[Given]:
        """Leave out what is for an entity or pipeline that is rightly not here."""
        known = {g.key for g in here if isinstance(g.contribution, kind)}
        off = {g.key for g in other if isinstance(g.contribution, kind)}
        kept = []
        for given in here:
            named = getattr(given.contribution, target, None)
            reason = None if named is None or named in known else self._excuse(given, named, off)
            if reason:
                self.left_out.append(LeftOut(given, reason))
            else:
                kept.append(given)
        return kept

    def _excuse(self, given: Given, named: str, off: set[str]) -> str | None:
        if named in off:
            return f"{named} serves another mode"
        present = {candidate.name for candidate in self.order}
        manifest = given.candidate.manifest
        absent = [name for name in manifest.optional if name not in present] if manifest else []
        return f"{named} is not here, nor is the optional plugin {absent[0]}" if absent else None


def columns(model: Any) -> list[str]:
    """The column names of a mapped class, without asking SQLAlchemy."""
    table = getattr(model, "__table__", None)
    return [str(column.key) for column in getattr(table, "columns", ())]


def tables(modules: Sequence[ModuleType]) -> Iterator[tuple[str, Any]]:
    """The tables that modules define: mapped classes and bare ``Table`` objects."""
    seen: set[int] = set()
    for module in modules:
        for value in vars(module).values():
            name = _table_name(value, module)
            if name and id(value) not in seen:
                seen.add(id(value))
                yield name, value


def _table_name(value: Any, module: ModuleType) -> str | None:
    if isinstance(value, type):
        own = value.__module__.startswith(module.__name__)
        name = vars(value).get("__tablename__")
        return name if own and isinstance(name, str) else None
    return str(value.name) if type(value).__name__ == "Table" else None

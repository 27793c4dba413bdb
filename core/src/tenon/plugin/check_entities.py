"""Entities, extensions and tables that do not fit together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..nearest import did_you_mean, listed
from . import contributions as c
from .collecting import Given
from .discovery import Candidate
from .report import Code, PluginProblem
from .sources import model_line
from .world import World, columns, tables

_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_PLURAL = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")


def check_entities(world: World) -> Iterator[PluginProblem]:
    """Names, columns, tables and targets of entities and their extensions."""
    for given, entity in world.all(c.Entity):
        yield from _names(given, entity)
        yield from _columns(given, entity)
    for given, extension in world.all(c.EntityExtension):
        yield from known_entity(world, given, extension.entity)
    for given, private in world.all(c.PrivateTable):
        yield from known_entity(world, given, private.entity)
        yield from _within(given, private)
    yield from _extension_fields(world)
    yield from _tables(world)


def known_entity(world: World, given: Given, name: str) -> Iterator[PluginProblem]:
    """That an entity exists, and that the plugin said it needs the one who owns it."""
    if name not in world.entities:
        yield given.problem(
            Code.UNKNOWN_TARGET,
            f"{_kind(given)} {given.key!r} is for the entity {name!r}, which no plugin contributes"
            f"{did_you_mean(name, world.entities)}",
            f"one of {listed(world.entities)}",
            "Correct the name, or enable the plugin that contributes the entity.",
        )
        return
    yield from declared(world, given, world.entities[name], f"the entity {name!r}")


def declared(world: World, given: Given, owner: Given, thing: str) -> Iterator[PluginProblem]:
    """That a plugin which names another's thing is loaded behind it."""
    if not world.may_name(given, owner):
        yield given.problem(
            Code.UNDECLARED_DEPENDENCY,
            f"{_kind(given)} {given.key!r} is for {thing} of plugin {owner.plugin!r}, "
            "on which plugin.toml does not depend",
            f"{owner.plugin!r} in `requires` or `optional`",
            f'Add {owner.plugin} = "*" to [requires] in plugin.toml, or "{owner.plugin}" to `optional`.',
        )


def _kind(given: Given) -> str:
    return f"The {type(given.contribution).__name__}"


def _names(given: Given, entity: c.Entity) -> Iterator[PluginProblem]:
    if not _NAME.match(entity.name):
        yield given.problem(
            Code.WRONG_CONTRIBUTION,
            f"The entity's name is {entity.name!r}",
            "lower case letters, digits and _",
            "Rename the entity.",
        )
    if not _PLURAL.match(entity.plural):
        yield given.problem(
            Code.WRONG_CONTRIBUTION,
            f"The plural of entity {entity.name!r} is {entity.plural!r}",
            "lower case letters, digits and -, since it stands in URLs",
            f'Write plural="{re.sub(r"[^a-z0-9]+", "-", entity.plural.lower()).strip("-")}".',
        )


def _columns(given: Given, entity: c.Entity) -> Iterator[PluginProblem]:
    known = columns(entity.model)
    if not known:
        yield given.problem(
            Code.WRONG_CONTRIBUTION,
            f"The model of entity {entity.name!r} is not a mapped class with columns",
            "a class with tenon.api's Base and RecordColumns",
            "Give model=… such a class.",
        )
        return
    for option, name in _named_fields(entity):
        if name not in known and not name.startswith(("custom.", "ext.")):
            yield given.problem(
                Code.UNKNOWN_TARGET,
                f"{option} of entity {entity.name!r} names the field {name!r}, which its model lacks"
                f"{did_you_mean(name, known)}",
                f"one of {listed(known, 30)}",
                "Correct the name, or add the column.",
            )
    if entity.stages is not None and "stage" not in known:
        yield given.problem(
            Code.WRONG_CONTRIBUTION,
            f"Entity {entity.name!r} has stages, but its model has no column 'stage'",
            "a model with tenon.api's StageColumns",
            "Add StageColumns to the model's bases, or leave `stages` out.",
        )


def _within(given: Given, private: c.PrivateTable) -> Iterator[PluginProblem]:
    known = columns(private.model)
    if private.within not in known:
        yield given.problem(
            Code.UNKNOWN_TARGET,
            f"within of the rule for {getattr(private.model, '__name__', private.model)!r} names the column "
            f"{private.within!r}, which it lacks{did_you_mean(private.within, known)}",
            f"one of {listed(known, 30)}",
            f"Name the column with the id of the {private.entity} that a row belongs to.",
        )


def _named_fields(entity: c.Entity) -> Iterator[tuple[str, str]]:
    titles = (entity.title,) if isinstance(entity.title, str) else entity.title
    for option, names in (
        ("title", titles),
        ("natural_key", entity.natural_key),
        ("list_columns", entity.list_columns),
        ("search", entity.search),
    ):
        yield from ((option, name) for name in names)
    if entity.default_sort.lstrip("-") != "created_at":
        yield "default_sort", entity.default_sort.lstrip("-")
    tracked = entity.stages or c.StageTracking()
    for name in (tracked.amount, tracked.close_date, tracked.category):
        if name:
            yield "stages", name


def _extension_fields(world: World) -> Iterator[PluginProblem]:
    """An extension key belongs to one plugin, and each field below it to one model."""
    plugins = {candidate.name for candidate in world.order}
    owners: dict[tuple[str, str], Given] = {}
    seen: set[tuple[str, str, str]] = set()
    for given, extension in world.all(c.EntityExtension):
        key = extension.key or given.plugin
        path = f"{extension.entity}.ext.{key}"
        owner = owners.setdefault((extension.entity, key), given)
        if owner.plugin != given.plugin:
            yield _taken(given, path, f"plugin {owner.plugin!r} at {owner.line}")
        elif key in plugins and key != given.plugin:
            yield _taken(given, path, f"plugin {key!r} by its name")
        for name in columns(extension.model):
            if name == "id":
                continue
            if (extension.entity, key, name) in seen and owner.plugin == given.plugin:
                yield given.problem(
                    Code.CONTRIBUTION_COLLISION,
                    f"The field {path}.{name} is given twice",
                    "one column for each field",
                    "Rename one of the columns, or give the second extension another key.",
                )
            seen.add((extension.entity, key, name))


def _taken(given: Given, path: str, owner: str) -> PluginProblem:
    return given.problem(
        Code.CONTRIBUTION_COLLISION,
        f"The fields below {path} belong to {owner}",
        "an extension key of the plugin's own",
        f"Leave `key` out (it is {given.plugin!r} then), or choose another.",
    )


def check_unmigrated(world: World) -> Iterator[PluginProblem]:
    """That the model of each entity and extension stands where migrations look for it."""
    for given in world.given:
        model = getattr(given.contribution, "model", None)
        known = [mapped for _, mapped in tables(world.models.get(given.plugin, ()))]
        if hasattr(model, "__tablename__") and all(model is not mapped for mapped in known):
            module = str(getattr(model, "__module__", "")).rpartition(".")[2]
            yield given.problem(
                Code.MIGRATION_HEAD_MISSING,
                f"The model of {given.key!r} is in no module that plugin.toml names as models",
                "its module in `models`, so that migrations make its table",
                f'Add ".{module}" to `models` in plugin.toml.',
            )


@dataclass(frozen=True)
class _Table:
    name: str
    model: Any
    candidate: Candidate
    given: Given | None = None

    @property
    def where(self) -> str:
        """The class's line. Found only for a report: it means reading source files."""
        line = model_line(self.candidate.location, self.model) if isinstance(self.model, type) else None
        return line or (self.given.line if self.given else self.candidate.where("models"))


def _tables(world: World) -> Iterator[PluginProblem]:
    """Each table bears its plugin's name and is defined once."""
    owners: dict[str, _Table] = {}
    for table in _all_tables(world):
        if not table.name.startswith(f"{table.candidate.name}_"):
            yield table.candidate.problem(
                Code.TABLE_PREFIX,
                table.where,
                f"The table {table.name!r} does not begin with the plugin's name",
                f"{table.candidate.name}_{table.name}",
                f'Write __tablename__ = "{table.candidate.name}_{table.name}".',
            )
        owner = owners.setdefault(table.name, table)
        if owner.model is not table.model:
            yield table.candidate.problem(
                Code.CONTRIBUTION_COLLISION,
                table.where,
                f"The table {table.name!r} is also defined by plugin {owner.candidate.name!r}",
                "each table defined once",
                "Rename one of the tables.",
            )


def _all_tables(world: World) -> Iterator[_Table]:
    for candidate in world.order:
        found = list(tables(world.models.get(candidate.name, ())))
        yield from (_Table(name, model, candidate) for name, model in found)
        known = {id(model) for _, model in found}
        for given in world.given:
            model = getattr(given.contribution, "model", None)
            own = given.plugin == candidate.name and hasattr(model, "__tablename__")
            if own and id(model) not in known:
                yield _Table(str(getattr(model, "__tablename__", "")), model, candidate, given)

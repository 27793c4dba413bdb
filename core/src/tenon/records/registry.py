"""Every kind of record there is, with all its fields, in one place.

An :class:`EntityType` is what the rest of the kernel knows of a plugin's
entity: own columns, other plugins' extensions and customers' fields as one
mapping of field paths. It never changes; a new custom field makes a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from marshmallow import Schema, ValidationError
from marshmallow import fields as ma

from ..errors import BadRequestError, NotFoundError, Problem
from ..messages import _
from ..plugin.contributions import Entity, EntityExtension, StageTracking
from ..storage.fields import FieldSpec
from .customtypes import coding, custom_expression
from .record import Record
from .schema import build_schema, schema_field


@dataclass(frozen=True)
class Field:
    """One field of a kind of record.

    ``path`` addresses it everywhere; ``origin`` is the plugin that gave it, or
    ``custom``. ``expression(source)`` is its SQL value in a table or an alias of it.
    """

    path: str
    spec: FieldSpec
    origin: str
    loader: ma.Field[Any]
    expression: Callable[[sa.FromClause], sa.ColumnElement[Any]]
    column: sa.Column[Any] | None = None

    @property
    def label(self) -> str:
        return self.spec.label

    @property
    def kind(self) -> str:
        return self.spec.kind

    def load(self, value: Any) -> Any:
        """``value`` as the Python value of this field; ``marshmallow.ValidationError``."""
        # Straight to the field's own work: the loader has no validators, and all of them take None.
        return None if value is None else self.loader._deserialize(value, self.path, None)

    def dump(self, value: Any) -> Any:
        """The JSON form of a Python value of this field."""
        return None if value is None else self.loader._serialize(value, self.path, None)


@dataclass(frozen=True)
class Extension:
    """A side table that adds fields: ``paths`` maps its columns to field paths."""

    key: str
    plugin: str
    label: str
    table: sa.Table
    paths: Mapping[str, str]


class Loaded(dict[str, Any]):
    """Values by path that came out of :meth:`Field.load` of fields that may be written."""


@dataclass(frozen=True, eq=False)
class EntityType:
    """A kind of record, complete. ``table`` holds its own columns."""

    name: str
    plugin: str
    entity: Entity
    table: sa.Table
    fields: Mapping[str, Field]
    extensions: tuple[Extension, ...] = ()
    custom_fields: Mapping[str, Field] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return self.entity.label

    @property
    def label_plural(self) -> str:
        return self.entity.label_plural

    @property
    def collection(self) -> str:
        """Its name in URLs."""
        return self.entity.plural

    @cached_property
    def title(self) -> tuple[str, ...]:
        found = self.entity.title
        return (found,) if isinstance(found, str) else found

    @property
    def stages(self) -> StageTracking | None:
        return self.entity.stages

    @property
    def owned(self) -> bool:
        return "owner_id" in self.fields

    @property
    def owner(self) -> str | None:
        """The path of the field that says whose record it is, if it is one of its own."""
        return self.entity.owner if self.entity.owner in self.fields else None

    @cached_property
    def references(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields.values() if f.kind == "reference")

    @cached_property
    def defaulted(self) -> tuple[Field, ...]:
        """Fields that have a value where none is given."""
        return tuple(f for f in self.fields.values() if f.spec.default is not None)

    @cached_property
    def currencies(self) -> tuple[tuple[str, str], ...]:
        """The path of each amount of money with the path of its currency."""
        found = (
            (f.path, f.path.rpartition(".")[0] + "." + f.spec.currency if "." in f.path else f.spec.currency)
            for f in self.fields.values()
            if f.kind == "money" and f.spec.currency
        )
        return tuple(pair for pair in found if pair[1] in self.fields)

    @cached_property
    def writable(self) -> tuple[Field, ...]:
        """Fields that a person or program may give values for."""
        return tuple(f for f in self.fields.values() if not f.spec.readonly and f.path != "custom")

    @cached_property
    def shown(self) -> tuple[Field, ...]:
        """Fields worth showing to people, in their declared order."""
        return tuple(f for f in self.fields.values() if f.spec.show and f.path != "custom")

    @cached_property
    def searched(self) -> tuple[str, ...]:
        """The paths that free text is looked for in."""
        own = self.entity.search or tuple(p for p, f in self.fields.items() if f.spec.search)
        return own or self.title

    @cached_property
    def source(self) -> sa.FromClause:
        """The own table with every extension's side table joined to it."""
        found: sa.FromClause = self.table
        for extension in self.extensions:
            found = found.outerjoin(extension.table, extension.table.c.id == self.table.c.id)
        return found

    @cached_property
    def columns(self) -> Mapping[str, sa.ColumnElement[Any]]:
        """What has to be selected to have everything, by field path; ``custom`` whole."""
        return {f.path: f.expression(self.table) for f in self.fields.values() if f.origin != "custom"}

    @cached_property
    def schema(self) -> type[Schema]:
        """The marshmallow schema of the JSON form; ``custom`` and ``ext`` are nested."""
        own = {p: f.loader for p, f in self.fields.items() if "." not in p and p != "custom"}
        nested: dict[str, ma.Field[Any]] = dict(own)
        nested["custom"] = ma.Nested(
            build_schema(f"{self.name}Custom", {p[7:]: f.loader for p, f in self.custom_fields.items()})
        )
        if self.extensions:
            nested["ext"] = ma.Nested(
                build_schema(f"{self.name}Ext", {e.key: self._nested(e) for e in self.extensions})
            )
        return build_schema(self.name, nested)

    def _nested(self, extension: Extension) -> ma.Field[Any]:
        found = {column: self.fields[path].loader for column, path in extension.paths.items()}
        return ma.Nested(build_schema(f"{self.name}Ext{extension.key}", found))

    @cached_property
    def _decoders(self) -> dict[str, Callable[[Any], Any]]:
        return {path[7:]: coding(f.spec).decode for path, f in self.custom_fields.items()}

    @cached_property
    def _encoders(self) -> dict[str, Callable[[Any], Any]]:
        return {path[7:]: coding(f.spec).encode for path, f in self.custom_fields.items()}

    def load_custom(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """The ``custom`` column as Python values; what no definition names is left out."""
        return {key: decode(stored.get(key)) for key, decode in self._decoders.items()}

    def store_custom(self, before: Mapping[str, Any] | None, values: Mapping[str, Any]) -> dict[str, Any]:
        """The ``custom`` column after ``values`` (by key) were given; unknown keys in ``before`` stay."""
        stored = dict(before or {})
        for key, value in values.items():
            if value is None:
                stored.pop(key, None)
            else:
                stored[key] = self._encoders[key](value)
        return stored

    def field(self, path: str) -> Field:
        """The field at ``path``; ``BadRequestError`` with the nearest right names."""
        found = self.fields.get(path)
        if found is None:
            raise BadRequestError(
                _("%(entity)s has no field %(path)s", entity=self.label, path=path),
                hint=nearest(path, self.fields),
                problems=[Problem("", "unknown-field", _("There is no field %(path)s", path=path))],
            )
        return found

    def flatten(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """``{"custom": {"a": 1}}`` as ``{"custom.a": 1}``; flat paths stay as they are."""
        flat: dict[str, Any] = {}
        for key, value in data.items():
            if key == "custom" and isinstance(value, Mapping):
                flat.update({f"custom.{k}": v for k, v in value.items()})
            elif key == "ext" and isinstance(value, Mapping):
                for name, part in value.items():
                    if isinstance(part, Mapping):
                        flat.update({f"ext.{name}.{k}": v for k, v in part.items()})
                    else:
                        flat[f"ext.{name}"] = part
            else:
                flat[key] = value
        return flat

    def load(
        self,
        data: Mapping[str, Any],
        *,
        readonly: Iterable[str] = (),
        known: Mapping[str, Field] | None = None,
    ) -> tuple[dict[str, Any], list[Problem]]:
        """Checked Python values by path, and every problem found.

        Fields in ``readonly`` may be given although they are set by the system. ``known`` are
        the fields that there are, every one unless given. What is :class:`Loaded` is taken as it is.
        """
        if isinstance(data, Loaded):
            return dict(data), []
        fields = self.fields if known is None else known
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        for path, raw in self.flatten(data).items():
            found = fields.get(path)
            if found is None or path == "custom":
                problems.append(Problem(pointer(path), "unknown-field", _unknown(path, fields)))
            elif found.spec.readonly and path not in readonly:
                problems.append(
                    Problem(
                        pointer(path), "read-only", _("%(label)s is set by the system", label=found.label)
                    )
                )
            else:
                try:
                    values[path] = found.load(raw)
                except ValidationError as error:
                    problems += [
                        Problem(pointer(path), "invalid", text) for text in _sentences(error.messages)
                    ]
        return values, problems


def _unknown(path: str, known: Iterable[str]) -> str:
    near = get_close_matches(path, list(known), n=1)
    if near:
        return _("There is no field %(path)s; did you mean %(near)s?", path=path, near=near[0])
    return _("There is no field %(path)s", path=path)


def _sentences(messages: Any) -> list[str]:
    if isinstance(messages, dict):
        return [text for part in messages.values() for text in _sentences(part)]
    return list(messages) if isinstance(messages, list) else [messages]


def pointer(path: str) -> str:
    """A field path as an RFC 6901 JSON pointer."""
    return "/" + path.replace("~", "~0").replace("/", "~1").replace(".", "/")


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence with the names nearest to a misspelt one."""
    names = sorted(known)
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return _("Did you mean %(names)s?", names=", ".join(near))
    return _("There are: %(names)s.", names=", ".join(names[:40]))


def _own(path: str, column: sa.Column[Any], origin: str) -> Field:
    spec: FieldSpec = column.info.get("field") or FieldSpec("json", column.name, readonly=True, show=False)
    return Field(path, spec, origin, schema_field(spec), lambda source: source.c[column.key], column)


def _side(path: str, column: sa.Column[Any], origin: str) -> Field:
    spec: FieldSpec = column.info.get("field") or FieldSpec("json", column.name, readonly=True, show=False)
    return Field(path, spec, origin, schema_field(spec), lambda _source: column, column)


def build_type(
    plugin: str, entity: Entity, extensions: Iterable[tuple[str, EntityExtension]] = ()
) -> EntityType:
    """The kind of record that ``entity`` and the extensions of it make up, without custom fields."""
    table: sa.Table = entity.model.__table__
    found = {column.key: _own(column.key, column, plugin) for column in table.columns}
    sides: list[Extension] = []
    for owner, extension in extensions:
        key = extension.key or owner
        side: sa.Table = extension.model.__table__
        paths = {c.key: f"ext.{key}.{c.key}" for c in side.columns if c.key != "id"}
        found.update({path: _side(path, side.c[name], owner) for name, path in paths.items()})
        sides.append(Extension(key, owner, extension.label, side, paths))
    return EntityType(entity.name, plugin, entity, table, found, tuple(sides))


def with_custom(base: EntityType, specs: Mapping[str, FieldSpec], dialect: str) -> EntityType:
    """``base`` with a customer's fields, by key."""
    added = {
        f"custom.{key}": Field(
            f"custom.{key}",
            spec,
            "custom",
            schema_field(spec),
            lambda source, key=key, spec=spec: custom_expression(source, key, spec, dialect),  # type: ignore[misc]
        )
        for key, spec in specs.items()
    }
    return replace(base, fields={**base.fields, **added}, custom_fields=added)


class Registry:
    """The kinds of record of a deployment, by name and by collection."""

    def __init__(self, types: Iterable[EntityType]) -> None:
        self.types = {t.name: t for t in types}
        self.collections = {t.collection: t for t in self.types.values()}

    def __getitem__(self, name: str) -> EntityType:
        try:
            return self.types[name]
        except KeyError:
            raise NotFoundError(
                _("There is no kind of record %(name)s", name=name), hint=nearest(name, self.types)
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self.types

    def __iter__(self) -> Any:
        return iter(self.types.values())

    def with_types(self, changed: Mapping[str, EntityType]) -> Registry:
        """A registry in which those kinds take the place of what they were."""
        return Registry({**self.types, **changed}.values())

    def pointing_at(self, entity: str) -> list[tuple[EntityType, Field]]:
        """Every reference field whose target is ``entity``."""
        return [(t, f) for t in self.types.values() for f in t.references if f.spec.to == entity]


__all__ = [
    "EntityType",
    "Extension",
    "Field",
    "Loaded",
    "Record",
    "Registry",
    "build_type",
    "nearest",
    "pointer",
    "with_custom",
]

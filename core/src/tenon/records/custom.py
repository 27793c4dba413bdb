"""Fields that customers add at run time: their definitions, checks and indexes."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import Connection

from ..errors import ConflictError, DuplicateError, InvalidError, NotFoundError, Problem
from ..messages import Message, _
from ..storage.fields import Choice, FieldSpec
from ..storage.ids import new_id
from .constraints import custom_index
from .customtypes import coding
from .models import CustomField
from .registry import EntityType, Registry, with_custom
from .schema import schema_field

if TYPE_CHECKING:
    from .work import Work

TABLE: sa.Table = CustomField.__table__  # type: ignore[assignment]

KINDS: Mapping[str, Message] = {
    "text": _("Line of text"),
    "long_text": _("Text of several lines"),
    "integer": _("Whole number"),
    "number": _("Decimal number"),
    "money": _("Amount of money"),
    "date": _("Date"),
    "datetime": _("Date and time"),
    "boolean": _("Yes or no"),
    "choice": _("Choice"),
    "multi_choice": _("Several choices"),
    "reference": _("Link to a record"),
    "url": _("Web address"),
    "email": _("E-mail address"),
    "phone": _("Telephone number"),
}

KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Definition:
    """A customer's field. ``to`` is for references, ``choices`` (key to label) for choices,
    ``currency`` for amounts, ``scale`` for numbers; ``modes`` empty means every mode."""

    entity: str
    key: str
    label: str
    kind: str
    required: bool = False
    unique: bool = False
    indexed: bool = False
    default: Any = None
    choices: Mapping[str, str] = field(default_factory=dict)
    to: str | None = None
    currency: str | None = None
    scale: int = 4
    help: str | None = None
    modes: tuple[str, ...] = ()
    position: int = 0
    archived: bool = False

    @property
    def path(self) -> str:
        return f"custom.{self.key}"


_OPTIONS = ("required", "unique", "default", "choices", "to", "currency", "scale", "help", "modes")


def spec_of(found: Definition) -> FieldSpec:
    """What the rest of the kernel knows of such a field."""
    return FieldSpec(
        kind=found.kind,  # type: ignore[arg-type]
        label=found.label,
        required=found.required,
        unique=found.unique,
        default=found.default,
        choices=tuple(Choice(key, label) for key, label in found.choices.items()),
        to=found.to,
        unit=found.currency,
        scale=found.scale,
        help=found.help,
        sortable=found.kind not in ("long_text", "multi_choice"),
        modes=frozenset(found.modes),
    )


def stamp(connection: Connection) -> Any:
    """A value that changes whenever a definition does."""
    return tuple(connection.execute(sa.select(sa.func.count(), sa.func.max(TABLE.c.revision))).one())


def apply(connection: Connection, base: Registry, dialect: str, modes: frozenset[str]) -> Registry:
    """``base`` with the definitions in force."""
    found: dict[str, dict[str, FieldSpec]] = {}
    for definition in definitions(connection):
        serves = not definition.modes or not modes or modes.intersection(definition.modes)
        if definition.entity in base and not definition.archived and serves:
            found.setdefault(definition.entity, {})[definition.key] = _loaded(definition)
    return base.with_types({name: with_custom(base[name], specs, dialect) for name, specs in found.items()})


def _loaded(definition: Definition) -> FieldSpec:
    """The spec with its default as a Python value."""
    spec = spec_of(definition)
    if spec.default is None:
        return spec
    return FieldSpec(**{**asdict_shallow(spec), "default": schema_field(spec).deserialize(spec.default)})


def asdict_shallow(spec: FieldSpec) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in spec.__dataclass_fields__}


def definitions(connection: Connection, entity: str | None = None) -> list[Definition]:
    """Every definition, archived ones too, in the order of their positions."""
    found = sa.select(TABLE).order_by(TABLE.c.entity, TABLE.c.position, TABLE.c.id)
    if entity is not None:
        found = found.where(TABLE.c.entity == entity)
    return [_definition(row) for row in connection.execute(found)]


def _definition(row: Any) -> Definition:
    choices = dict(row.options.get("choices", ()))
    options = {**row.options, "modes": tuple(row.options.get("modes", ())), "choices": choices}
    return Definition(
        entity=row.entity, key=row.key, label=row.label, kind=row.kind, indexed=row.indexed,
        position=row.position, archived=row.archived_at is not None, **options,
    )  # fmt: skip


def define(work: Work, definition: Definition) -> Definition:
    """Add a field to a kind of record. Its index, if it is unique or indexed, is made at once."""
    type_ = work.type(definition.entity)
    work.access.require(work.actor, "customize", definition.entity)
    _check(work, definition)
    if _row(work, definition.entity, definition.key) is not None:
        raise DuplicateError(
            _("%(entity)s already has a field %(key)s", entity=type_.label, key=definition.key),
            hint=_("Choose another key, or restore the archived field."),
            problems=[Problem("/key", "duplicate", _("This key is taken"))],
        )
    work.unguarded.execute(
        sa.insert(TABLE).values(id=new_id(), created_at=work.now, **_values(work, definition))
    )
    _make_index(work, type_, definition)
    work.records.forget_custom()
    return definition


def redefine(work: Work, definition: Definition) -> Definition:
    """Change a definition; its kind stays. ``archived`` hides the field and keeps its values."""
    type_ = work.type(definition.entity)
    work.access.require(work.actor, "customize", definition.entity)
    _check(work, definition)
    row = _row(work, definition.entity, definition.key)
    if row is None:
        raise NotFoundError(_("%(entity)s has no field %(key)s", entity=type_.label, key=definition.key))
    before = _definition(row)
    if before.kind != definition.kind:
        raise ConflictError(
            _("The kind of a field cannot change"), hint=_("Archive this field and add another one.")
        )
    _choices_in_use(work, type_, before, definition)
    work.unguarded.execute(sa.update(TABLE).where(TABLE.c.id == row.id).values(**_values(work, definition)))
    if (before.unique, before.indexed) != (definition.unique, definition.indexed):
        _drop_index(work, type_, before)
        _make_index(work, type_, definition)
    work.records.forget_custom()
    return definition


def _row(work: Work, entity: str, key: str) -> Any:
    return work.unguarded.execute(
        sa.select(TABLE).where(TABLE.c.entity == entity, TABLE.c.key == key)
    ).first()


def _values(work: Work, definition: Definition) -> dict[str, Any]:
    whole = asdict(definition)
    return {
        **{name: whole[name] for name in ("entity", "key", "label", "kind", "indexed", "position")},
        # JSONB does not keep the order of keys, and people care for the order of choices
        "options": {**{name: whole[name] for name in _OPTIONS}, "choices": list(whole["choices"].items())},
        "revision": time.time_ns(),
        "updated_at": work.now,
        "archived_at": work.now if definition.archived else None,
    }


def _check(work: Work, definition: Definition) -> None:
    problems: list[Problem] = []
    if not KEY.fullmatch(definition.key):
        problems.append(
            Problem(
                "/key",
                "invalid",
                _("Use small letters, digits and _; begin with a letter; 40 characters at most"),
            )
        )
    if not definition.label.strip():
        problems.append(Problem("/label", "required", _("Give the field a name")))
    if definition.kind not in KINDS:
        problems.append(Problem("/kind", "invalid", _("Choose one of: %(keys)s", keys=", ".join(KINDS))))
    if definition.kind in ("choice", "multi_choice") and not definition.choices:
        problems.append(Problem("/choices", "required", _("Give at least one choice")))
    if definition.kind == "reference" and (definition.to is None or definition.to not in work.registry):
        known = ", ".join(sorted(t.name for t in work.registry))
        problems.append(Problem("/to", "invalid", _("Choose one of: %(keys)s", keys=known)))
    if definition.unique and definition.kind in ("long_text", "multi_choice", "boolean"):
        problems.append(Problem("/unique", "invalid", _("A field of this kind cannot be unique")))
    if not 0 <= definition.scale <= 6:
        problems.append(Problem("/scale", "invalid", _("Use 0 to 6 decimal places")))
    unknown = sorted(set(definition.modes) - work.records.modes) if work.records.modes else []
    if unknown:
        problems.append(Problem("/modes", "invalid", _("There is no mode %(name)s here", name=unknown[0])))
    if not problems and definition.default is not None:
        problems += _check_default(definition)
    if problems:
        raise InvalidError(problems=problems)


def _check_default(definition: Definition) -> list[Problem]:
    from marshmallow import ValidationError

    try:
        schema_field(spec_of(definition)).deserialize(definition.default)
    except ValidationError as error:
        texts = error.messages if isinstance(error.messages, list) else [str(error.messages)]
        return [Problem("/default", "invalid", str(text)) for text in texts]
    return []


def _choices_in_use(work: Work, type_: EntityType, before: Definition, after: Definition) -> None:
    for key in set(before.choices) - set(after.choices):
        known = work.records.base_with(before)
        column = known.fields[before.path].expression(type_.table)
        test = column == key if before.kind == "choice" else sa.cast(column, sa.Text).like(f'%"{key}"%')
        used = work.unguarded.execute(
            sa.select(sa.func.count()).select_from(type_.table).where(test)
        ).scalar_one()
        if used:
            raise ConflictError(
                _("%(count)s records still have the choice %(key)s", count=used, key=key),
                hint=_("Give them another value first; a list filtered by it shows them."),
                problems=[Problem("/choices", "in-use", _("This choice is in use"))],
            )


def _index_expression(work: Work, definition: Definition) -> str:
    if work.dialect == "sqlite":
        return f"json_extract(custom, '$.{definition.key}')"
    text = f"custom ->> '{definition.key}'"
    cast = {"scaled": "BIGINT", "link": "UUID", "flag": "BOOLEAN"}.get(coding(spec_of(definition)).sql.name)
    return f"(CAST(({text}) AS {cast}))" if cast else f"({text})"


def _make_index(work: Work, type_: EntityType, definition: Definition) -> None:
    if definition.archived or not (definition.unique or definition.indexed):
        return
    name = custom_index(type_, definition.path, unique=definition.unique)
    columns = _index_expression(work, definition) + ("" if definition.unique else ", id")
    kind = "UNIQUE INDEX" if definition.unique else "INDEX"
    try:
        with work.unguarded.begin_nested():
            work.unguarded.exec_driver_sql(
                f'CREATE {kind} IF NOT EXISTS "{name}" ON {type_.table.name} ({columns})'
            )
    except exc.IntegrityError as error:
        raise ConflictError(
            _("Some records already have the same %(label)s", label=definition.label),
            hint=_("Make the values different first, then make the field unique."),
            problems=[Problem("/unique", "duplicate", _("Values are not unique"))],
        ) from error


def _drop_index(work: Work, type_: EntityType, definition: Definition) -> None:
    for unique in (True, False):
        work.unguarded.exec_driver_sql(
            f'DROP INDEX IF EXISTS "{custom_index(type_, definition.path, unique=unique)}"'
        )


__all__ = ["KINDS", "Definition", "apply", "define", "definitions", "redefine", "spec_of", "stamp"]

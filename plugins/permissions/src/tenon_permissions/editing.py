"""Changes of a policy, each giving another document: what the pages' forms do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from tenon.api import ConflictError, InvalidError, NamedFieldSet, NotFoundError, Problem, _

from .document import PolicyDocument, Role
from .line import ALL, ALLOW, EVERY, EVERYTHING, NONE, Line
from .names import Names
from .snapshot import ADMIN, EVERYONE

REACHES = ("own", "team", "subtree", "all")
"""Scopes of which a form offers one: each is whose records they are."""

MOST_NAME = 60


@dataclass(frozen=True)
class Cell:
    """What a role may do with one action to one kind: at most one of :data:`REACHES`, any number of
    other scopes ``also``, one field set."""

    reach: str = ""
    also: frozenset[str] = frozenset()
    fields: str = ALL

    @property
    def scopes(self) -> frozenset[str]:
        return self.also | {self.reach} if self.reach else self.also


Cells = Mapping[str, Cell]


def cells(document: PolicyDocument, role: str, obj: str, names: Names) -> dict[str, Cell]:
    """What the grid shows for a role and a kind, by action; the empty cells are left out."""
    found = {}
    for act in (EVERY, *names.actions):
        cell = _cell(
            [line for line in document.lines if (line.sub, line.obj, line.act) == (role, obj, act)], names
        )
        if cell is not None:
            found[act] = cell
    return found


def special(document: PolicyDocument, role: str, names: Names) -> list[Line]:
    """The lines of a role that no cell of the grid can show."""
    mine = [line for line in document.lines if line.sub == role]
    shown = {
        line
        for obj in {line.obj for line in mine}
        for act, cell in cells(document, role, obj, names).items()
        for line in _lines(role, obj, act, cell, names)
    }
    return [line for line in mine if line not in shown]


def with_cells(document: PolicyDocument, role: str, obj: str, wanted: Cells, names: Names) -> PolicyDocument:
    """The grid's cells for a role and a kind in the place of what they were. Special lines stay."""
    require_role(document, role)
    before = cells(document, role, obj, names)
    old = {line for act, cell in before.items() for line in _lines(role, obj, act, cell, names)}
    new = [line for act, cell in wanted.items() for line in _lines(role, obj, act, cell, names)]
    kept = [line for line in document.lines if line not in old or line in new]
    added = [line for line in dict.fromkeys(new) if line not in kept]
    return document.with_lines(_inserted(kept, added, role, obj))


def _cell(lines: list[Line], names: Names) -> Cell | None:
    """Those lines as one cell, if they can be one."""
    plain = all(line.dom == EVERY and line.eft == ALLOW and _offered(line, names) for line in lines)
    field_sets = {line.fields for line in lines}
    reaches = [line.scope for line in lines if line.scope in REACHES]
    if not plain or len(field_sets) != 1 or len(reaches) > 1 or len(set(lines)) != len(lines):
        return None
    also = frozenset(line.scope for line in lines if line.scope not in REACHES)
    return Cell(reaches[0] if reaches else "", also, field_sets.pop())


def _offered(line: Line, names: Names) -> bool:
    return line.scope in REACHES or line.scope in other_scopes(names, line.obj)


def other_scopes(names: Names, obj: str) -> list[str]:
    """The scopes that a form offers beside :data:`REACHES` for a kind of record."""
    plain = [s.key for s in names.scopes.values() if s.argument is None and s.key not in (*REACHES, NONE)]
    type_ = names.entities.get(obj)
    if type_ is None or "via" not in names.scopes:
        return plain
    # Who may see a colleague's own record says nothing of what is theirs.
    useful = names.entities.keys() - names.administrative
    return [*plain, *(f"via:{field.path}" for field in type_.references if field.spec.to in useful)]


def _lines(role: str, obj: str, act: str, cell: Cell, names: Names) -> list[Line]:
    order = [*REACHES, *other_scopes(names, obj)]
    return [Line(role, EVERY, obj, act, s, cell.fields, ALLOW) for s in order if s in cell.scopes]


def _inserted(kept: list[Line], added: list[Line], role: str, obj: str) -> list[Line]:
    """New lines behind those of the same role and kind, else behind those of the role, else last."""
    places = [
        [n for n, line in enumerate(kept, 1) if line.sub == role and line.obj == obj],
        [n for n, line in enumerate(kept, 1) if line.sub == role],
        [len(kept)],
    ]
    place = next(found[-1] for found in places if found)
    return [*kept[:place], *added, *kept[place:]]


# Lines


def with_line(document: PolicyDocument, line: Line) -> PolicyDocument:
    """One more line, among those of its role."""
    require_role(document, line.sub)
    if line in document.lines:
        raise ConflictError(_("That line is there already"))
    return document.with_lines(_inserted(list(document.lines), [line], line.sub, line.obj))


def without_line(document: PolicyDocument, line: Line) -> PolicyDocument:
    if line not in document.lines:
        raise NotFoundError(_("There is no such line any more"))
    return document.with_lines(other for other in document.lines if other != line)


# Roles


def require_role(document: PolicyDocument, key: str) -> Role:
    """The role of that name, or ``NotFoundError``."""
    if key not in document.roles:
        raise NotFoundError(_("There is no role %(name)s", name=key))
    return document.roles[key]


def with_role(document: PolicyDocument, role: Role, like: str | None = None) -> PolicyDocument:
    """A new role, with the lines of another where it is to be ``like`` that."""
    key = _named(role.key)
    if key in document.roles:
        raise ConflictError(_("There is a role %(name)s already", name=key))
    copied = [line._replace(sub=key) for line in document.lines if like is not None and line.sub == like]
    roles = {**document.roles, key: replace(role, key=key, label=role.label.strip() or key)}
    return replace(document, roles=roles, lines=(*document.lines, *copied))


def with_texts(document: PolicyDocument, key: str, label: str, description: str) -> PolicyDocument:
    """Another label and description of a role."""
    role = require_role(document, key)
    changed = replace(role, label=label.strip() or key, description=description.strip())
    return replace(document, roles={**document.roles, key: changed})


def without_role(document: PolicyDocument, key: str) -> PolicyDocument:
    """The role and its lines gone. Those that everybody and administrators have stay."""
    require_role(document, key)
    if key in (ADMIN, EVERYONE):
        raise ConflictError(
            _("The role %(name)s is given by itself, and cannot be removed", name=key),
            hint=_("Take its lines away instead."),
        )
    roles = {k: role for k, role in document.roles.items() if k != key}
    return replace(document, roles=roles, lines=tuple(x for x in document.lines if x.sub != key))


# Field sets


def with_field_set(document: PolicyDocument, key: str, label: str) -> PolicyDocument:
    """A new field set, or another label of one that is there."""
    key = _named(key)
    before = document.field_sets.get(key) or NamedFieldSet(key, label)  # type: ignore[arg-type]
    changed = replace(before, label=label.strip() or key)  # type: ignore[arg-type]
    return replace(document, field_sets={**document.field_sets, key: changed})


def with_fields(
    document: PolicyDocument,
    key: str,
    entity: str,
    shown: Collection[str],
    paths: Iterable[str],
    *,
    rest: bool,
) -> PolicyDocument:
    """Which of a kind's ``paths`` a field set shows; ``rest`` says whether fields that are added later
    are shown too."""
    if key not in document.field_sets:
        raise NotFoundError(_("There is no field set %(name)s", name=key))
    found, known = document.field_sets[key], list(paths)
    show = {kind: chosen for kind, chosen in found.show.items() if kind != entity}
    hide = {kind: chosen for kind, chosen in found.hide.items() if kind != entity}
    if rest:
        show |= {entity: ("*",)} if EVERY in found.show else {}
        hidden = tuple(path for path in known if path not in shown)
        hide |= {entity: hidden} if hidden or EVERY in found.hide else {}
    else:
        show[entity] = tuple(path for path in known if path in shown)
        hide |= {entity: ()} if EVERY in found.hide else {}
    changed = replace(found, show=show, hide=hide)
    return replace(document, field_sets={**document.field_sets, key: changed})


def without_field_set(document: PolicyDocument, key: str) -> PolicyDocument:
    """The field set gone; ``ConflictError`` where a line needs it."""
    if key not in document.field_sets:
        raise NotFoundError(_("There is no field set %(name)s", name=key))
    used = sum(line.fields == key for line in document.lines)
    if used:
        raise ConflictError(
            _("%(count)d lines use the field set %(name)s", count=used, name=key),
            hint=_("Choose other fields there first."),
        )
    return replace(document, field_sets={k: s for k, s in document.field_sets.items() if k != key})


def _named(text: str) -> str:
    """A name that somebody gave, without spaces around it."""
    key = text.strip()
    if not key or len(key) > MOST_NAME or key in (EVERY, EVERYTHING, ALL) or not key.isprintable():
        detail = _("Give it a name of at most %(most)d characters", most=MOST_NAME)
        raise InvalidError(detail, problems=[Problem("/name", "required", detail)])
    return key

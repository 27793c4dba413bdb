"""What is wrong with a policy, before it can do harm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal

from tenon.api import BadRequestError, InvalidError, Message, Problem, _

from .document import PolicyDocument, read_toml
from .line import ALL, ALLOW, DENY, EVERY, EVERYTHING, TOKENS, Line, ScopeName
from .names import Names
from .positions import positions

BUILT_IN_FIELDS = frozenset({ALL})


@dataclass(frozen=True)
class Finding:
    """An error keeps a policy from coming into force; a warning does not."""

    severity: Literal["error", "warning"]
    where: str
    what: Message | str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def check_text(text: str, names: Names) -> tuple[PolicyDocument | None, list[Finding]]:
    """A policy as a file has it, and everything that is wrong, with the lines of the file.

    ``None`` in place of a policy where the file cannot be read as one.
    """
    try:
        document = read_toml(text)
    except BadRequestError as error:
        return None, [Finding("error", "policy", error.message)]
    return document, check(document, names, positions(text))


def check(document: PolicyDocument, names: Names, places: Mapping[str, int] | None = None) -> list[Finding]:
    """Everything that is wrong, errors first. ``places`` are the lines of the file that parts are on."""
    places = places or {}
    found = [
        *_roles(document),
        *_field_sets(document, names),
        *(f for number, line in enumerate(document.lines, 1) for f in _line(document, names, number, line)),
        *_whole(document, places),
    ]
    located = [replace(finding, where=_located(finding.where, places)) for finding in found]
    return sorted(located, key=lambda f: f.severity == "warning")


def _located(where: str, places: Mapping[str, int]) -> str:
    number = places.get(where)
    if number is None:
        return where
    return f"line {number}" if where.startswith("line ") else f"line {number}, {where}"


def require_sound(document: PolicyDocument, names: Names) -> None:
    """``InvalidError`` with every error there is."""
    errors = [f for f in check(document, names) if f.severity == "error"]
    if errors:
        raise InvalidError(
            _("This policy has %(count)d errors, so nothing was changed", count=len(errors)),
            problems=[Problem(f.where, "policy", str(f.what)) for f in errors],
        )


def _roles(document: PolicyDocument) -> Iterator[Finding]:
    for key, role in document.roles.items():
        if not key.strip() or not role.label.strip():
            yield Finding("error", "roles", _("A role needs a name and a label"))
    used = {line.sub for line in document.lines}
    for key in sorted(set(document.roles) - used):
        yield Finding("warning", f"roles.{key}", _("No line is for this role: it may do nothing"))


def _field_sets(document: PolicyDocument, names: Names) -> Iterator[Finding]:
    for key, found in document.field_sets.items():
        where = f"field_sets.{key}"
        if not key.strip() or key in BUILT_IN_FIELDS or key in names.field_sets:
            yield Finding("error", where, _("The name %(name)s is taken", name=key or '""'))
        for entity, paths in (*found.show.items(), *found.hide.items()):
            type_ = names.entities.get(entity)
            if type_ is None:
                if entity != EVERY:
                    yield Finding("warning", where, _unknown(_("kind of record"), entity, names.entities))
                continue
            for path in paths:
                if path not in type_.fields and not path.startswith("custom.") and not path.endswith("*"):
                    yield Finding("error", where, _unknown(_("field"), f"{entity}.{path}", type_.fields))


def _line(document: PolicyDocument, names: Names, number: int, line: Line) -> Iterator[Finding]:
    where = f"line {number}"
    for token, value in zip(TOKENS, line, strict=True):
        if not value.strip():
            yield Finding("error", where, _("%(token)s is empty", token=token))
            return
    if line.sub not in document.roles:
        yield Finding("error", where, _unknown(_("role"), line.sub, document.roles))
    if line.eft not in (ALLOW, DENY):
        yield Finding("error", where, _("The last token is allow or deny, not %(eft)s", eft=line.eft))
    if line.dom not in (EVERY, "b2b", "b2c"):
        yield Finding("error", where, _unknown(_("mode"), line.dom, ("b2b", "b2c", EVERY)))
    if line.obj not in (EVERY, EVERYTHING) and line.obj not in names.entities:
        # Its plugin may be off in this deployment and on in another with the same policy.
        yield Finding("warning", where, _unknown(_("kind of record"), line.obj, names.entities))
    if line.act != EVERY and line.act not in names.actions:
        yield Finding("error", where, _unknown(_("action"), line.act, names.actions))
    if line.fields not in BUILT_IN_FIELDS and line.fields not in (*names.field_sets, *document.field_sets):
        known = (*BUILT_IN_FIELDS, *names.field_sets, *document.field_sets)
        yield Finding("error", where, _unknown(_("field set"), line.fields, known))
    yield from _scope(names, where, line)


def _scope(names: Names, where: str, line: Line) -> Iterator[Finding]:
    name = ScopeName.of(line.scope)
    scope = names.scopes.get(name.key)
    if scope is None:
        yield Finding("error", where, _unknown(_("scope"), line.scope, names.scopes))
        return
    if scope.argument is None and name.argument is not None:
        yield Finding("error", where, _("The scope %(scope)s takes nothing after a colon", scope=name.key))
    if scope.argument is not None and not name.argument:
        yield Finding(
            "error",
            where,
            _(
                "The scope %(scope)s needs %(argument)s after a colon",
                scope=name.key,
                argument=scope.argument,
            ),
        )
    type_ = names.entities.get(line.obj)
    if name.key == "via" and name.argument and type_ is not None:
        field = type_.fields.get(name.argument)
        if field is None or field.spec.to is None:
            links = [f.path for f in type_.references]
            yield Finding("error", where, _unknown(_("reference"), name.argument, links))


def _whole(document: PolicyDocument, places: Mapping[str, int]) -> Iterator[Finding]:
    seen: dict[Line, int] = {}
    for number, line in enumerate(document.lines, 1):
        first = seen.setdefault(line, number)
        if first != number:
            yield Finding(
                "warning",
                f"line {number}",
                _("The same as line %(number)d", number=places.get(f"line {first}", first)),
            )


def _unknown(kind: Message | str, name: str, known: object) -> Message | str:
    names = sorted(known)  # type: ignore[call-overload]
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return _(
            "There is no %(kind)s %(name)s here; did you mean %(near)s?", kind=kind, name=name, near=near[0]
        )
    return _("There is no %(kind)s %(name)s here", kind=kind, name=name)

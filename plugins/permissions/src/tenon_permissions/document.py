"""A whole policy as data: roles, field sets, lines; from and to a file that people review."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tenon.api import BadRequestError, NamedFieldSet, _

from .line import TOKENS, Line

FORMAT = 1


@dataclass(frozen=True)
class Role:
    """A name that users are given. ``description`` says in a sentence what it is for."""

    key: str
    label: str
    description: str = ""


@dataclass(frozen=True)
class PolicyDocument:
    """Everything that one revision of the policy holds."""

    roles: Mapping[str, Role] = field(default_factory=dict)
    field_sets: Mapping[str, NamedFieldSet] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()

    def with_lines(self, lines: Iterable[Line]) -> PolicyDocument:
        return replace(self, lines=tuple(lines))

    def as_data(self) -> dict[str, Any]:
        """JSON data; :func:`document_of` is its inverse."""
        return {
            "format": FORMAT,
            "roles": {r.key: {"label": r.label, "description": r.description} for r in self.roles.values()},
            "field_sets": {
                s.key: {"label": str(s.label), "show": _lists(s.show), "hide": _lists(s.hide)}
                for s in self.field_sets.values()
            },
            "lines": [list(line) for line in self.lines],
        }


def _lists(paths: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    return {entity: list(found) for entity, found in paths.items()}


def document_of(data: Any) -> PolicyDocument:
    """The policy in JSON data; ``BadRequestError`` where it has another form."""
    try:
        if data.get("format") != FORMAT:
            raise ValueError(f"its format is {data.get('format')!r}, not {FORMAT}")
        return PolicyDocument(
            roles={
                key: Role(key, _text(r.get("label", key)), _text(r.get("description", "")))
                for key, r in data.get("roles", {}).items()
            },
            field_sets={key: _field_set(key, s) for key, s in data.get("field_sets", {}).items()},
            lines=tuple(_line(number, row) for number, row in enumerate(data.get("lines", []), 1)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadRequestError(
            _("This is not a policy: %(error)s", error=str(error)),
            hint=_(
                "A policy has format = %(format)s, [roles], [field_sets] and lines of %(tokens)s.",
                format=FORMAT,
                tokens=", ".join(TOKENS),
            ),
        ) from error


def _line(number: int, row: Any) -> Line:
    if not isinstance(row, list) or len(row) != len(TOKENS):
        given = len(row) if isinstance(row, list) else row
        raise ValueError(f"line {number} has {given!r} names where {len(TOKENS)} are expected")
    wrong = [token for token in row if not isinstance(token, str)]
    if wrong:
        raise TypeError(f"line {number}: {wrong[0]!r} is not a text")
    return Line(*row)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _field_set(key: str, data: Mapping[str, Any]) -> NamedFieldSet:
    chosen = {
        side: {entity: tuple(_text(p) for p in paths) for entity, paths in data.get(side, {}).items()}
        for side in ("show", "hide")
    }
    return NamedFieldSet(key, _text(data.get("label", key)), **chosen)  # type: ignore[arg-type]


def read_toml(text: str) -> PolicyDocument:
    """The policy in a file that :func:`as_toml` wrote or a person did."""
    try:
        return document_of(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadRequestError(
            _("This is not TOML: %(error)s", error=str(error)),
            hint=_("See how it looks: tenon access export"),
        ) from error


def as_toml(document: PolicyDocument) -> str:
    """The policy as a file in which a changed line is one changed line."""
    parts = [
        "# Who may do what. Check it: tenon access check FILE; put it in force: tenon access import FILE.",
        f"format = {FORMAT}",
        "",
        f"# {', '.join(TOKENS)}",
        "lines = [",
        *(f"  [{', '.join(map(_quoted, line))}]," for line in document.lines),
        "]",
    ]
    for role in document.roles.values():
        parts += ["", f"[roles.{_quoted(role.key)}]", f"label = {_quoted(role.label)}"]
        if role.description:
            parts.append(f"description = {_quoted(role.description)}")
    for found in document.field_sets.values():
        parts += ["", f"[field_sets.{_quoted(found.key)}]", f"label = {_quoted(str(found.label))}"]
        for side, paths in (("show", found.show), ("hide", found.hide)):
            for entity, names in paths.items():
                parts.append(f"{side}.{_quoted(entity)} = [{', '.join(map(_quoted, names))}]")
    return "\n".join(parts) + "\n"


_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in map(chr, [*range(32), 127])} | {
    ord('"'): '\\"',
    ord("\\"): "\\\\",
}


def _quoted(text: str) -> str:
    """A TOML basic string (TOML 1.0, "String")."""
    return f'"{text.translate(_ESCAPES)}"'

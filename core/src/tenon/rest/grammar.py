"""The query grammar: ``filter[amount][gte]=100&sort=-amount&page[size]=50``.

Whatever is not understood is refused, never ignored: a filter that is passed
over would answer with every row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import BadRequestError, Problem
from ..messages import _
from ..nearest import did_you_mean
from ..records.query import Query, Where, all_of, filter_from, operator

FILTER = re.compile(r"filter\[([^\[\]]+)\](?:\[([^\[\]]+)\])?")
BODY = ("filter", "sort", "fields", "include", "search", "archived", "total", "page")


def refuse(parameter: str, code: str, detail: str) -> BadRequestError:
    """An error about one query parameter."""
    return BadRequestError(detail, problems=[Problem("", code, detail, {"parameter": parameter})])


def from_arguments(
    arguments: Sequence[tuple[str, str]], *, size: int, most: int
) -> tuple[Query, tuple[str, ...]]:
    """The query, and the references to include, that a list's URL asks for."""
    tests = [_test(name, value) for name, value in arguments if name.startswith("filter")]
    plain = {name: value for name, value in arguments if not name.startswith("filter")}
    query = Query(
        filter=all_of(*tests),
        sort=names(plain.get("sort")),
        size=_size(plain.get("page[size]"), size, most),
        after=plain.get("page[after]"),
        fields=names(plain["fields"]) if "fields" in plain else None,
        total=_flag("total", plain.get("total", "false")),
        search=plain.get("search"),
        archived=_archived(plain.get("archived", "no")),
    )
    return query, names(plain.get("include"))


def from_body(body: Mapping[str, Any], *, size: int, most: int) -> tuple[Query, tuple[str, ...]]:
    """The same from the JSON of ``POST /<collection>/search``, with nested and, or and not."""
    for name in body:
        if name not in BODY:
            raise refuse(
                name, "unknown-parameter", _("Unknown key %(name)s", name=name) + did_you_mean(name, BODY)
            )
    page = body.get("page", {})
    if not isinstance(page, Mapping) or set(page) - {"size", "after"}:
        raise refuse("page", "invalid", _("page takes size and after"))
    query = Query(
        filter=filter_from(body["filter"]) if body.get("filter") is not None else None,
        sort=_list_of_names("sort", body.get("sort", [])),
        size=_size(_number("page.size", page.get("size")), size, most),
        after=_text("page.after", page.get("after")),
        fields=_list_of_names("fields", body["fields"]) if "fields" in body else None,
        total=_boolean("total", body.get("total", False)),
        search=_text("search", body.get("search")),
        archived=_archived(body.get("archived", "no")),
    )
    return query, _list_of_names("include", body.get("include", []))


def _test(name: str, value: str) -> Where:
    match = FILTER.fullmatch(name)
    if match is None:
        raise refuse(
            name, "invalid", _("Write filters as filter[field]=value or filter[field][operator]=value")
        )
    return Where(match[1], operator(match[2] or "eq"), value)


def names(text: str | None) -> tuple[str, ...]:
    """Comma-separated names."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _list_of_names(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise refuse(name, "invalid", _("%(name)s takes a list of field names", name=name))
    return tuple(value)


def _number(name: str, value: Any) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise refuse(name, "invalid", _("%(name)s is a number", name=name))


def _size(value: str | int | None, size: int, most: int) -> int:
    if value is None:
        return size
    text = str(value)
    found = int(text) if text.isdecimal() and len(text) < 10 else 0
    if not 1 <= found <= most:
        raise refuse("page[size]", "invalid", _("page[size] is a number from 1 to %(most)s", most=most))
    return found


def _boolean(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise refuse(name, "invalid", _("%(name)s is true or false", name=name))


def _flag(name: str, value: str) -> bool:
    if value in ("true", "false"):
        return bool(value == "true")
    raise refuse(name, "invalid", _("%(name)s is true or false", name=name))


def _text(name: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise refuse(name, "invalid", _("%(name)s is a text", name=name))


def _archived(value: Any) -> Any:
    if value in ("no", "only", "all"):
        return value
    raise refuse("archived", "invalid", _("archived is no, only or all"))

"""What a list shows, as it stands in the page's address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast
from urllib.parse import urlencode

from flask import url_for
from werkzeug.datastructures import MultiDict

from ..records.query import Query
from ..records.registry import EntityType, Field
from .filters import Clause, as_filter, read_clauses

Archived = Literal["no", "only", "all"]
MOST_DEFAULT_COLUMNS = 7


@dataclass(frozen=True)
class ListState:
    """A list's conditions, order, columns and place. Immutable: a change is another address."""

    type: EntityType
    clauses: tuple[Clause, ...] = ()
    search: str = ""
    sort: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    archived: Archived = "no"
    view: str = ""
    after: str | None = None
    total: bool = False

    def query(self, size: int, **changes: Any) -> Query:
        """The question for the read path."""
        asked = Query(
            filter=as_filter(self.clauses),
            sort=self.sort,
            size=size,
            after=self.after,
            total=self.total,
            search=self.search or None,
            archived=self.archived,
        )
        return replace(asked, **changes)

    def pairs(self) -> list[tuple[str, str]]:
        """Everything but the place in the list, as names and values of the address."""
        found = [(clause.name, clause.value) for clause in self.clauses]
        found += [("q", self.search)] if self.search else []
        found += [("sort", ",".join(self.sort))] if self.sort else []
        found += [("columns", ",".join(self.columns))] if self.columns else []
        found += [("archived", self.archived)] if self.archived != "no" else []
        found += [("view", self.view)] if self.view else []
        return found

    def url(self, endpoint: str = "web.list_page", *more: tuple[str, str]) -> str:
        pairs = [*self.pairs(), *more]
        address = url_for(endpoint, entity=self.type.collection)
        return f"{address}?{urlencode(pairs)}" if pairs else address

    def without(self, clause: Clause) -> ListState:
        return replace(self, clauses=tuple(t for t in self.clauses if t != clause), after=None)

    def plus(self, clause: Clause) -> ListState:
        return replace(self, clauses=(*(t for t in self.clauses if t != clause), clause), after=None)

    def sorted_by(self, path: str) -> ListState:
        """The same list by ``path``; downwards when it already goes up by it."""
        return replace(self, sort=(f"-{path}" if self.direction(path) == "ascending" else path,), after=None)

    def direction(self, path: str) -> Literal["ascending", "descending"] | None:
        if not self.sort or self.sort[0].lstrip("-") != path:
            return None
        return "descending" if self.sort[0].startswith("-") else "ascending"

    def shown(self, allowed: Sequence[Field]) -> list[Field]:
        """The columns to show, of those that the reader may see."""
        by_path = {f.path: f for f in allowed}
        wanted = self.columns or self.type.entity.list_columns or tuple(by_path)[:MOST_DEFAULT_COLUMNS]
        return [by_path[path] for path in wanted if path in by_path] or list(allowed[:1])


def read_state(type_: EntityType, args: MultiDict[str, str]) -> ListState:
    """The list that an address asks for."""
    archived = args.get("archived", "no")
    return ListState(
        type_,
        clauses=tuple(read_clauses(args)),
        search=args.get("q", "").strip(),
        sort=_words(args.getlist("sort")),
        columns=_words(args.getlist("columns")),
        archived=cast(Archived, archived) if archived in ("no", "only", "all") else "no",
        view=args.get("view", ""),
        after=args.get("after") or None,
        total=args.get("total") == "1",
    )


def _words(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for value in values for word in value.split(",") if word.strip()))

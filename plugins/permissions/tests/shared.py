"""What the tests of sharing have in common: who has a record by which grants."""

from __future__ import annotations

import json
from uuid import UUID

import sqlalchemy as sa

from tenon.api import system
from tenon_permissions.models import LEVEL_OF, Grant
from tenon_permissions.sharing import Given, Sharing

GRANT = Grant.__table__


def grants(sales, record: UUID, entity: str = "account") -> set[tuple[str, str]]:
    """Cause and level of each grant of a record that counts."""
    asked = sa.select(GRANT).where(GRANT.c.entity == entity, GRANT.c.record_id == record, GRANT.c.level > 0)
    with sales.tenon.records.reading(system("test")) as work:
        return {(row.cause, LEVEL_OF[row.level]) for row in work.connection.execute(asked)}


def give(sales, who: str, record: UUID, whom, level: str = "read", entity: str = "account", **more) -> None:
    """``who`` shares a record with a person by name, or with ``(kind, id)``."""
    kind, id_ = ("user", sales.people[whom].id) if isinstance(whom, str) else whom
    Sharing(sales.tenon).give(sales.people[who], entity, record, Given(kind, id_, level, **more), via="test")


def take(sales, who: str, record: UUID, whom, cause: str = "hand", entity: str = "account") -> None:
    id_ = sales.people[whom].id if isinstance(whom, str) else whom[1]
    Sharing(sales.tenon).take(sales.people[who], entity, record, cause, id_, via="test")


def make(sales, entity: str, /, **values) -> UUID:
    """A record of the system's making."""
    with sales.tenon.records.writing(system("test")) as work:
        return work.create(entity, values).id


def change(sales, entity: str, id_: UUID, /, **values) -> None:
    with sales.tenon.records.writing(system("test")) as work:
        work.update(entity, id_, values)


def rule(sales, field: str | None = None, value=None, *, op: str = "eq", **more) -> UUID:
    """A rule that shares accounts with Rosa where a field has a value, with no field all of them."""
    text = None if field is None else json.dumps({"field": field, "op": op, "value": value})
    whom = {} if {"team_id", "territory_id"} & more.keys() else {"user_id": sales.rosa.id}
    return make(
        sales, "sharing_rule", **({"name": "A rule", "entity": "account", "filter": text} | whom | more)
    )


def may(sales, name: str, action: str, record: UUID, entity: str = "account") -> bool:
    """What the predicate in SQL says, having made sure that Python says the same."""
    from tenon_permissions.sharing import may as allowed

    with sales.tenon.records.reading(sales.people[name]) as work:
        found = allowed(work, action, entity, record)
    assert found == sales.policy.explain(sales.people[name], action, entity, record).allowed
    return found

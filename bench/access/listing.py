"""Lists, searches and counts of five personas: CPU of this process and of the database's, together."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tenon.api import Actor, Query

from ..figures import Figure
from .world import PERSONAS, Loaded, activate, loaded

TIMES = 15
OWN = ("sales * account read own all allow", "manager * account read subtree all allow",
       "boss * * * all all allow")  # fmt: skip
LIST50 = {"postgresql": 5.0, "sqlite": 2.0}
SHARED, SEARCHED, CAPPED, EXACT = 15.0, 10.0, 10.0, 1.5
COLUMNS = "id, version, owner_id, name, type, industry, phone, city, country, created_at, updated_at, custom"
BELOW = "owner_id IN (SELECT below_id FROM identity_reporting_line WHERE above_id = {me})"


def on(dialect: str, scale: str) -> list[Figure]:
    """Every figure of lists on one database."""
    with loaded(dialect, scale) as world:
        activate(world.tenon, *OWN)
        found = [f for persona in PERSONAS for f in by_owner(world, dialect, persona)]
        found += guard(world, dialect)
        activate(world.tenon)
        found += [f for persona in PERSONAS for f in with_grants(world, dialect, persona)]
        return [*found, *questions(world, dialect)]


def by_owner(world: Loaded, dialect: str, persona: str) -> Iterator[Figure]:
    """Under scopes of owners alone, beside the hand-written condition and the database's own row security."""
    actor = world.actor(persona)
    with raw(world, dialect) as ask:
        listed = milliseconds(dialect, world, lambda: ask(first_50(persona), actor))
        counted = milliseconds(dialect, world, lambda: ask(how_many(persona), actor), 5)
    name = f"access.{{}}.{persona}.{dialect}"
    ours = milliseconds(dialect, world, lambda: page(world, actor, Query(sort=("name",))))
    yield Figure(name.format("list50"), ours, "ms CPU", listed, target=LIST50[dialect])
    exact = milliseconds(dialect, world, lambda: count(world, actor), 5)
    yield Figure(
        name.format("count"), exact, "ms CPU", counted, exact / counted, EXACT if counted > 5 else None
    )
    if dialect == "postgresql":
        with row_security(world) as ask:
            secured = milliseconds(dialect, world, lambda: ask(first_50("boss"), actor))
        yield Figure(name.format("list50_rls"), secured, "ms CPU", listed)


def with_grants(world: Loaded, dialect: str, persona: str) -> Iterator[Figure]:
    """Under the suggested policy: own or below, shared, or nobody's."""
    actor, name = world.actor(persona), f"access.{{}}.{persona}.{dialect}"
    capped = Query(size=1, total=True, total_cap=10_000)
    for figure, query, target in (
        ("shared50", Query(sort=("name",)), SHARED),
        ("search50", Query(sort=("name",), search="velka"), SEARCHED),
        ("capped", capped, CAPPED),
    ):
        ours = milliseconds(dialect, world, lambda query=query: page(world, actor, query))
        yield Figure(name.format(figure), ours, "ms CPU", target=target)


def page(world: Loaded, actor: Actor, query: Query) -> Any:
    with world.tenon.records.reading(actor) as work:
        return work.page("account", query)


def count(world: Loaded, actor: Actor) -> int:
    with world.tenon.records.reading(actor) as work:
        return work.count("account")


def guard(world: Loaded, dialect: str) -> list[Figure]:
    """One record by id through the plugins' session, and a bare session with the condition by hand."""
    from tenon_b2b_accounts.account import Account

    actor = world.actor("rep")
    table: Any = Account.__table__
    with world.tenon.records.reading(actor) as work:
        guarded = sa.select(Account.id, Account.name).where(Account.id == sa.bindparam("id_"))
        by_hand = guarded.where(table.c.owner_id == actor.id)
        session = Session(work.unguarded)
        first = page(world, actor, Query(size=1)).data[0].id
        bare = milliseconds(dialect, world, lambda: session.execute(by_hand, {"id_": first}).all(), 300)
        ours = milliseconds(dialect, world, lambda: work.session.execute(guarded, {"id_": first}).all(), 300)
    added = (ours - bare) * 1000
    return [Figure(f"access.guard.{dialect}", added, "µs CPU", bare * 1000, target=150)]


def questions(world: Loaded, dialect: str) -> list[Figure]:
    """Why somebody sees a record, and who does; what a new face costs."""
    from tenon_permissions.why import who_can

    policy: Any = world.tenon.access.policy
    boss, rep = world.actor("boss"), world.actor("rep")
    id_ = page(world, rep, Query(size=1)).data[0].id
    why = milliseconds(dialect, world, lambda: policy.explain(boss, "read", "account", id_))
    who = milliseconds(dialect, world, lambda: who_can(policy, "read", "account", id_), 3)
    return [
        Figure(f"access.why.{dialect}", why, "ms CPU", target=20),
        Figure(f"access.who.{dialect}", who, "ms CPU", target=200),
        Figure(f"access.new_face.{dialect}", new_face(world, dialect), "ms CPU", target=5),
    ]


def new_face(world: Loaded, dialect: str) -> float:
    """The first decision about somebody who has not asked before: where they stand, their condition."""
    from .world import person

    people = iter([world.tenon.identity.actor_for_user(person(number)) for number in range(300, 400)])
    policy: Any = world.tenon.access.policy
    table = policy.names.entities["account"].table
    return milliseconds(dialect, world, lambda: policy.scope(next(people), "read", "account", table), 80)


# Beside it, in the same run


def first_50(persona: str) -> str:
    within = "" if persona == "boss" else f" AND {BELOW}"
    kept = f"archived_at IS NULL{within}"
    return f"SELECT {COLUMNS} FROM b2b_accounts_account WHERE {kept} ORDER BY name, id LIMIT 51"


def how_many(persona: str) -> str:
    within = "" if persona == "boss" else f" AND {BELOW}"
    return f"SELECT count(*) FROM b2b_accounts_account WHERE archived_at IS NULL{within}"


Ask = Callable[[str, Actor], Any]


@contextmanager
def raw(world: Loaded, dialect: str) -> Iterator[Ask]:
    """The hand-written statement, by the driver alone."""
    assert world.tenon.storage.url is not None
    if dialect == "sqlite":
        lite = sqlite3.connect(str(world.tenon.storage.url.database))
        yield lambda text, actor: lite.execute(
            text.format(me="?"), [actor.id.hex] if "{me}" in text and actor.id else []
        ).fetchall()
        lite.close()
        return
    with psycopg.connect(world.url) as server:
        yield lambda text, actor: server.execute(
            text.format(me="%s").encode(), [actor.id] if "{me}" in text else None
        ).fetchall()


@contextmanager
def row_security(world: Loaded) -> Iterator[Ask]:
    """PostgreSQL's own row-level security by the same condition, and nothing in the statement."""
    role = f"{world.url.rpartition('/')[2]}_reads"
    me = "current_setting('bench.me')::uuid"
    with psycopg.connect(world.url, autocommit=True) as server:
        for statement in (
            f"CREATE ROLE {role}",
            f"GRANT SELECT ON b2b_accounts_account, identity_reporting_line TO {role}",
            "ALTER TABLE b2b_accounts_account ENABLE ROW LEVEL SECURITY",
            f"CREATE POLICY bench ON b2b_accounts_account USING ({BELOW.format(me=me)})",
            f"SET ROLE {role}",
        ):
            server.execute(statement.encode())

        def ask(text: str, actor: Actor) -> Any:
            server.execute("SELECT set_config('bench.me', %s, false)", [str(actor.id)])
            return server.execute(text.encode()).fetchall()

        yield ask
        for statement in (
            "RESET ROLE",
            "DROP POLICY bench ON b2b_accounts_account",
            "ALTER TABLE b2b_accounts_account DISABLE ROW LEVEL SECURITY",
            f"DROP OWNED BY {role}",
            f"DROP ROLE {role}",
        ):
            server.execute(statement.encode())


# CPU time


def milliseconds(dialect: str, world: Loaded, ask: Callable[[], Any], times: int = TIMES) -> float:
    """CPU of one asking, the mean of ``times``, after two to warm up."""
    ask()
    ask()
    pids = list(backends(world)) if dialect == "postgresql" else []
    before = time.process_time_ns() + nanoseconds(pids)
    for _time in range(times):
        ask()
    return (time.process_time_ns() + nanoseconds(pids) - before) / times / 1e6


def backends(world: Loaded) -> Iterable[int]:
    question = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with psycopg.connect(world.url) as connection:
        return [row[0] for row in connection.execute(question)]


def nanoseconds(pids: Iterable[int]) -> int:
    """The time on a processor that those have had (proc(5), ``schedstat``)."""
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids)

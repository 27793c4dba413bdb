"""The limit: hand-written SQL in a bare Flask view, and nothing else.

The same rows, columns and answers as the API gives, by psycopg or sqlite3 on a connection per
thread. No validation, no audit trail, no events; a new stage keeps one row of history.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock, local
from typing import Any
from uuid import UUID

import orjson
import psycopg
from flask import Flask, Response, abort, request

from tenon.storage.ids import new_id

ACCOUNT = (
    "id, version, owner_id, name, parent_id, type, industry, revenue, revenue_currency, employees, founded, "
    "website, email, phone, registration_number, tax_number, description, street, postal_code, city, "
    "region, country, created_at, updated_at, created_by, archived_at, custom"
)
CONTACT = (
    "id, version, owner_id, name, first_name, last_name, title, email, phone, mobile, birthday, language, "
    "description, street, postal_code, city, region, country, created_at, updated_at, created_by, "
    "archived_at, custom"
)
OPPORTUNITY = (
    "id, version, owner_id, pipeline, stage, stage_status, stage_since, name, number, account_id, "
    "contact_id, product_id, amount, amount_currency, close_date, probability, forecast_category, "
    "next_step, source, lost_reason, description, created_at, updated_at, created_by, archived_at, custom"
)
OWN = "owner_id = ? AND industry = ? AND archived_at IS NULL"
HISTORY = (
    "CREATE TABLE IF NOT EXISTS bench_history "
    "(id {id} PRIMARY KEY, record_id {id} NOT NULL, from_stage text, to_stage text, at {at}, actor_id {id})"
)


class PostgreSQL:
    """One connection a thread; statements are prepared after their fifth use."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._threads = local()
        with psycopg.connect(url) as connection:
            connection.execute(HISTORY.format(id="uuid", at="timestamptz").encode())

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        return self._run(self._connection(), statement, values)

    @contextmanager
    def writing(self) -> Iterator[Callable[..., list[dict[str, Any]]]]:
        connection = self._connection()
        with connection.transaction():
            yield lambda statement, *values: self._run(connection, statement, values)

    def _connection(self) -> psycopg.Connection[Any]:
        found: psycopg.Connection[Any] | None = getattr(self._threads, "connection", None)
        if found is None:
            found = self._threads.connection = psycopg.connect(self._url, autocommit=True)
        return found

    def _run(
        self, connection: psycopg.Connection[Any], statement: str, values: Sequence[Any]
    ) -> list[dict[str, Any]]:
        cursor = connection.execute(statement.replace("?", "%s").encode(), values)
        if cursor.description is None:
            return []
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


class SQLite:
    """One connection a thread; writers queue on a lock."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._threads = local()
        self._writer = Lock()
        with sqlite3.connect(path) as connection:
            connection.execute(HISTORY.format(id="char(32)", at="datetime"))

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        return self._run(self._connection(), statement, values)

    @contextmanager
    def writing(self) -> Iterator[Callable[..., list[dict[str, Any]]]]:
        connection = self._connection()
        with self._writer:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield lambda statement, *values: self._run(connection, statement, values)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._threads, "connection", None)
        if found is None:
            found = self._threads.connection = sqlite3.connect(self._path, isolation_level=None, timeout=15)
            for pragma in (
                "journal_mode = WAL",
                "synchronous = NORMAL",
                "foreign_keys = ON",
                "cache_size = -4000",
                "wal_autocheckpoint = 8000",
            ):
                found.execute(f"PRAGMA {pragma}")
        return found

    def _run(
        self, connection: sqlite3.Connection, statement: str, values: Sequence[Any]
    ) -> list[dict[str, Any]]:
        cursor = connection.execute(statement, [_sqlite_form(v) for v in values])
        if cursor.description is None:
            return []
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _sqlite_form(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    return value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value


def answer(data: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(data, default=str), status, content_type="application/json")


def app(database: PostgreSQL | SQLite, people: Mapping[str, UUID | None]) -> Flask:
    """The views. ``people`` are ids by bearer token, ``None`` for whoever may see everything."""
    found = Flask("raw", static_folder=None)

    def actor() -> UUID | None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in people:
            abort(401)
        return people[token]

    @found.get("/accounts/<uuid:id_>")
    def get(id_: UUID) -> Response:
        rows = database.rows(
            f"SELECT {ACCOUNT} FROM b2b_accounts_account WHERE id = ? AND owner_id = ?", id_, actor()
        )
        return answer(rows[0]) if rows else Response(status=404)

    @found.get("/accounts")
    def list_() -> Response:
        own = (actor(), request.args["industry"])
        page = f"SELECT {ACCOUNT} FROM b2b_accounts_account WHERE {OWN} ORDER BY name, id LIMIT 50"
        total = f"SELECT count(*) AS total FROM b2b_accounts_account WHERE {OWN}"
        return answer({"data": database.rows(page, *own), **database.rows(total, *own)[0]})

    @found.post("/contacts")
    def create() -> Response:
        me, sent, now = actor(), request.get_json(), datetime.now(UTC)
        values = {
            "id": new_id(), "version": 1, "owner_id": me, **sent,
            "name": f"{sent['first_name']} {sent['last_name']}",
            "created_at": now, "updated_at": now, "created_by": me, "custom": "{}",
        }  # fmt: skip
        marks = ", ".join("?" * len(values))
        insert = f"INSERT INTO nouns_contact ({', '.join(values)}) VALUES ({marks}) RETURNING {CONTACT}"
        with database.writing() as run:
            return answer(run(insert, *values.values())[0], 201)

    @found.post("/opportunities/<uuid:id_>/stage")
    def move(id_: UUID) -> Response:
        me, to, now = actor(), request.get_json()["to"], datetime.now(UTC)
        history = (
            "INSERT INTO bench_history SELECT ?, id, stage, ?, ?, owner_id FROM b2b_accounts_opportunity "
            "WHERE id = ? AND owner_id = ?"
        )
        update = (
            "UPDATE b2b_accounts_opportunity SET stage = ?, stage_since = ?, updated_at = ?, "
            f"version = version + 1 WHERE id = ? AND owner_id = ? RETURNING {OPPORTUNITY}"
        )
        with database.writing() as run:
            run(history, new_id(), to, now, id_, me)
            return answer(run(update, to, now, now, id_, me)[0])

    @found.get("/opportunities/sums")
    def sums() -> Response:
        me = actor()
        own, values = ("", []) if me is None else (" AND owner_id = ?", [me])
        statement = (
            "SELECT stage, amount_currency, count(*) AS count, sum(amount) AS amount "
            f"FROM b2b_accounts_opportunity WHERE archived_at IS NULL{own} GROUP BY stage, amount_currency"
        )
        return answer({"data": database.rows(statement, *values)})

    return found

"""``python -m bench.kernel.serve tenon|raw URL FOLDER``: one of the two servers; prints its port.

Both are waitress in one process with eight threads.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

THREADS = 8


class OwnRows:
    """A policy: everybody has what they own, an administrator everything."""

    version = "own rows"

    def __init__(self) -> None:
        # A policy decides once; the predicate stays the same until it changes.
        self._owned: dict[tuple[UUID, str], sa.ColumnElement[bool]] = {}

    def allows(self, actor: Any, action: str, entity: str) -> bool:
        return True

    def scope(
        self, actor: Any, action: str, entity: str, table: sa.FromClause
    ) -> sa.ColumnElement[bool] | None:
        if actor.admin or "owner_id" not in table.c:
            return None
        key = (actor.id, entity)
        if key not in self._owned:
            self._owned[key] = table.c.owner_id == actor.id
        return self._owned[key]

    def fields(self, actor: Any, action: str, entity: str) -> Any:
        from tenon.access.policy import ALL_FIELDS

        return ALL_FIELDS

    def explain(self, actor: Any, action: str, entity: str, record: Any) -> list[str]:
        return ["own rows"]


def tenon(url: str, folder: Path) -> None:
    from tenon.app import EXTENSION, Tenon, create_app
    from tenon.requestlog import configure_logging
    from tenon.serving import Server, listen_on, wsgi_app

    from .world import settings

    configure_logging()
    composed: Tenon = create_app(settings(url, folder)).extensions[EXTENSION]
    composed.access.policy = OwnRows()
    serving = Server(wsgi_app(composed), listen_on("127.0.0.1", 0), composed, THREADS)
    signal.signal(signal.SIGTERM, lambda *_signal: serving.stop())
    print(serving.port, flush=True)
    serving.serve()


def raw(url: str, folder: Path) -> None:
    from waitress.server import create_server

    from . import raw as views

    *reps, admin = json.loads((folder / "people.json").read_text(encoding="utf-8"))
    people: dict[str, UUID | None] = {person["key"]: UUID(person["id"]) for person in reps}
    people[admin["key"]] = None
    sqlite = url.startswith("sqlite")
    database = views.SQLite(url.removeprefix("sqlite:///")) if sqlite else views.PostgreSQL(url)
    server = create_server(
        views.app(database, people), host="127.0.0.1", port=0, threads=THREADS, ident="raw"
    )
    print(server.effective_port, flush=True)
    server.run()


if __name__ == "__main__":
    # Eight connections on eight threads: that one waits for a moment is no news.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    {"tenon": tenon, "raw": raw}[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))

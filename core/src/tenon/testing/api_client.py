"""The REST API as a program uses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..storage import json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from ..app import Tenon
    from ..identity.actor import Actor

PREFIX = "/api/v1"


@dataclass(frozen=True)
class Answer:
    """What the API answered. ``json`` is the decoded body, ``None`` where it has none."""

    status: int
    json: Any
    headers: Mapping[str, str]

    @property
    def problems(self) -> dict[str, str]:
        """The reasons of a refusal: from JSON pointers to codes."""
        return {e.get("pointer", ""): e["code"] for e in (self.json or {}).get("errors", ())}

    def __getitem__(self, key: str) -> Any:
        return self.json[key]


class ApiClient:
    """Speaks JSON to ``/api/v1`` with a bearer key.

    Paths are those behind the prefix: ``api.get("/contacts")``. A status of 400 or more is
    an ``AssertionError`` that shows the answer, unless the call says ``status=422``.
    """

    def __init__(self, tenon: Tenon, client: FlaskClient, key: str) -> None:
        self._tenon = tenon
        self._client = client
        self._key = key

    @classmethod
    def of(cls, tenon: Tenon, actor: Actor, *scopes: str) -> ApiClient:
        """The API as ``actor``, with a fresh key that is good for ``scopes``, for everything without."""
        assert actor.id is not None, "the system has no API key"
        _row, secret = tenon.identity.create_api_key(actor.id, "test", scopes=scopes or None)
        return cls(tenon, tenon.app.test_client(use_cookies=False), secret)

    def acting_as(self, actor: Actor, *scopes: str) -> ApiClient:
        """The same API, as somebody else."""
        return ApiClient.of(self._tenon, actor, *scopes)

    def get(self, path: str, *, status: int | None = None, **query: Any) -> Answer:
        """Read. ``query`` are parameters; those with brackets go into the path."""
        return self._send("GET", path, status, query_string=query or None)

    def post(self, path: str, body: Any = None, *, status: int | None = None, **headers: str) -> Answer:
        """Create, or do something. ``headers`` are named with ``_`` for ``-``."""
        return self._send("POST", path, status, body, headers)

    def put(self, path: str, body: Any = None, *, status: int | None = None, **headers: str) -> Answer:
        """Create or change what the path names."""
        return self._send("PUT", path, status, body, headers)

    def patch(self, path: str, body: Any, *, version: int | None = None, status: int | None = None) -> Answer:
        """Change some values of a record that was read at ``version``; whichever it is, without one."""
        return self._send("PATCH", path, status, body, _if_match(version))

    def delete(self, path: str, *, version: int | None = None, status: int | None = None) -> Answer:
        """Archive a record that was read at ``version``; whichever it is, without one."""
        return self._send("DELETE", path, status, None, _if_match(version))

    def _send(
        self,
        method: str,
        path: str,
        status: int | None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Answer:
        given = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        if body is not None:
            kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
            more |= {"data": json.dumps(body), "content_type": kind}
        response = self._client.open(
            PREFIX + path, method=method, headers={"Authorization": f"Bearer {self._key}", **given}, **more
        )
        return _expected(f"{method} {path}", response, status)


def _if_match(version: int | None) -> dict[str, str]:
    return {"If-Match": "*" if version is None else f'"{version}"'}


def _expected(request: str, response: TestResponse, status: int | None) -> Answer:
    text = response.get_data(as_text=True)
    answer = Answer(response.status_code, response.get_json(silent=True), dict(response.headers))
    right = answer.status < 400 if status is None else answer.status == status
    assert right, f"{request} answered {answer.status}, not {status or 'success'}:\n{text}"
    return answer

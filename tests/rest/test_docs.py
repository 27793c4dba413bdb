"""The examples of the documents, run as they stand: each answers with the status above it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from urllib.parse import quote, urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tenon.identity.actor import Actor

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("reference/api.md", "how-to/use-the-api.md")
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
EXAMPLE = re.compile(r"^# (\d{3})\n(curl .*?)(?=^# |\Z)", re.M | re.S)


@dataclass
class Shell:
    """Understands as much of curl as the documents use."""

    app: Flask
    variables: dict[str, str]
    given: list[str] = field(default_factory=list)

    def run(self, command: str) -> TestResponse:
        words = iter(shlex.split(self._expanded(command))[1:])
        method, address, body, headers = "", "", None, {}
        for word in words:
            if word == "-X":
                method = next(words)
            elif word == "-H":
                name, _colon, value = next(words).partition(": ")
                headers[name] = value
            elif word == "-d":
                body = next(words).encode()
            elif word != "-g":
                address = word
        parts = urlsplit(address)
        path = f"{parts.path}?{quote(parts.query, safe='=&,-:.$%+')}" if parts.query else parts.path
        return self.app.test_client(use_cookies=False).open(
            path, method=method or ("POST" if body is not None else "GET"), data=body, headers=headers
        )

    def _expanded(self, command: str) -> str:
        """Variables are those of a shell: not within single quotes, not behind a backslash."""
        parts = re.split(r"('[^']*')", command)
        return "".join(
            part if part.startswith("'") else Template(part.replace("\\$", "$$")).substitute(self.variables)
            for part in parts
        )


def examples(page: str) -> Iterator[tuple[int, str]]:
    for block in BLOCK.findall((DOCS / page).read_text()):
        found = EXAMPLE.findall(block)
        assert len(found) == block.count("curl "), f"an example without its status in {page}:\n{block}"
        for status, command in found:
            yield int(status), command.strip()


@pytest.mark.parametrize("page", PAGES)
def test_every_example_answers_as_the_page_says(page: str, tenon_app: Flask, key: str, actor: Actor) -> None:
    variables = {
        "TENON": "http://localhost/api/v1",
        "AUTH": f"Authorization: Bearer {key}",
        "JSON": "Content-Type: application/json",
    }
    shell = Shell(tenon_app, variables)
    run = 0
    for status, command in examples(page):
        answer = shell.run(command)
        assert answer.status_code == status, f"{command}\n{answer.text}"
        if answer.status_code == 201 and "id" in (answer.json or {}):
            name = "ACCOUNT" if "/accounts" in command else "OPPORTUNITY"
            variables.setdefault(name, answer.json["id"])  # type: ignore[index]
        run += 1
    assert run >= 6


def test_every_operation_is_on_the_page(tenon_app: Flask) -> None:
    page = (DOCS / PAGES[0]).read_text()
    document = tenon_app.test_client().get("/api/v1/openapi.json").json
    assert document is not None
    kinds = {path.split("/")[1] for path in document["paths"] if path.endswith("/bulk")}
    for path in document["paths"]:
        first, *rest = path.strip("/").split("/")
        last = [part for part in rest if not part.startswith("{")][-1:] if first in kinds else [first]
        assert all(word in page for word in last), path

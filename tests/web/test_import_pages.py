"""The import wizard: upload, columns, try out, carry out, refused rows, undo."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from tenon.app import Tenon
from tests.web.visitor import Page, Visitor

FILE = "Name,Sector,Employees\nAcme,retail,12\nBorg,energy,many\nCyan,food,7\n"
Make = Callable[..., str]


def upload(visitor: Visitor, text: str = FILE, name: str = "accounts.csv") -> Page:
    data: dict[str, Any] = {
        "kind": "accounts",
        "file": (io.BytesIO(text.encode()), name),
        "csrf_token": visitor.token(),
    }
    answer = visitor.client.post("/imports/new", data=data, content_type="multipart/form-data")
    return Visitor._page(answer)


def choices(page: Page) -> dict[str, str]:
    """What the columns' form would send as it stands."""
    found = {}
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page.html, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def finished(visitor: Visitor, address: str) -> Page:
    for _attempt in range(100):
        page = visitor.get(address)
        if "every 1s" not in page.html:
            return page
        time.sleep(0.1)
    raise AssertionError("the import did not end")


def test_a_file_becomes_records_and_can_be_taken_back(visitor: Visitor) -> None:
    columns = visitor.get(upload(visitor).location)
    guessed = choices(columns)
    assert (guessed["field-0"], guessed["field-1"], guessed["field-2"]) == ("name", "industry", "employees")
    address = upload(visitor).location
    tried = visitor.post(address, guessed)
    assert "Would be made 2" in tried.text
    assert "'many' is not a number" in tried.text
    assert "Acme" not in visitor.get("/accounts").text
    started = visitor.post(f"{address}/start")
    done = finished(visitor, started.location)
    assert "Made 2" in done.text
    assert "Refused 1" in done.text
    assert "Acme" in visitor.get("/accounts").text
    assert "accounts.csv" in visitor.get("/imports").text
    assert "Borg" in visitor.get(f"{started.location}/errors").html
    visitor.post(f"{started.location}/undo")
    assert "Acme" not in visitor.get("/accounts").text


def test_a_second_run_changes_nothing(visitor: Visitor) -> None:
    for made in ("Made 2", "Made 0"):
        address = upload(visitor).location
        visitor.post(address, choices(visitor.get(address)))
        page = finished(visitor, visitor.post(f"{address}/start").location)
        assert made in page.text


@pytest.mark.parametrize(
    ("text", "name"), [("", "empty.csv"), ("\x00\x01", "noise.xlsx"), ("{", "broken.jsonl")]
)
def test_a_file_that_cannot_be_read_says_why_and_is_not_kept(
    visitor: Visitor, tenon: Tenon, text: str, name: str
) -> None:
    page = upload(visitor, text, name)
    assert page.status == 422
    assert 'role="alert"' in page.html


def test_no_file_at_all_says_so(visitor: Visitor) -> None:
    assert "Choose a file" in visitor.post("/imports/new", {"kind": "accounts"}).text


def test_a_map_can_be_written_as_text(visitor: Visitor) -> None:
    address = upload(visitor).location
    wrong = visitor.post(address, {"as_text": "1", "text": "[columns]\nNome = 'name'"})
    assert (wrong.status, "Nome" in wrong.text) == (422, True)
    text = 'entity = "account"\n[columns]\nName = "name"\n'
    assert "Would be made 3" in visitor.post(address, {"as_text": "1", "text": text}).text


def test_nobody_sees_the_upload_of_another(visitor: Visitor, admin: Visitor) -> None:
    address = upload(visitor).location
    assert admin.get(address).status == 404
    assert admin.post(f"{address}/start").status == 404

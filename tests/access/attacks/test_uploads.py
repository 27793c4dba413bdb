"""Attacks by way of files that are uploaded, with a policy in force: see docs/reference/attacks.md."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest

from tests.access.company import Company, upload

STORED = re.compile(r"[\w.-]{1,200}")


def folder(firm: Company) -> Path:
    """Where the rep's uploads are kept."""
    settings = firm.tenon.settings
    return (settings.root / settings.var / "imports" / str(firm.people["rep"].id)).absolute()


NAMES = (
    "../../../../etc/cron.d/evil.csv", "..\\..\\evil.csv", "/etc/passwd", "C:\\evil.csv", "a\x00.csv", "...",
    "..", ".", "~/.ssh/authorized_keys", "-rf.csv", "a" * 400 + ".csv", "\u202ecsv.exe", "CON.csv", "a/b.csv",
    "%2e%2e%2fevil.csv", "map.toml", "a\r\nX-Evil: 1.csv", "日本語.csv", "<svg onload=alert(1)>.csv",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_an_upload_leads_nowhere(still: Company, name: str) -> None:
    uploads = folder(still)
    above = uploads.parents[2]
    before = {path for path in above.rglob("*") if uploads not in path.parents}
    page = upload(still.browser("rep"), b"Name\nAcme\n", name)
    assert page.status in (303, 422), page.text
    for path in uploads.rglob("*"):
        assert STORED.fullmatch(path.name)
        assert not path.is_symlink()
    after = {path for path in above.rglob("*") if uploads not in path.parents}
    assert after - before <= {uploads, *uploads.parents}
    assert "X-Evil" not in page.headers


def test_an_upload_is_served_to_nobody(still: Company) -> None:
    """There is no address at which an uploaded file would come back as it is."""
    rep = still.browser("rep")
    page = upload(rep, b"Name\n<script>alert(1)</script>\n", "page.html")
    columns = rep.get(page.location)
    assert "<script>alert(1)" not in columns.html
    assert columns.headers["X-Content-Type-Options"] == "nosniff"
    draft = page.location.rsplit("/", 1)[1]
    for path in ("", "/file", "/file/page.html", "/page.html", "/../file"):
        found = still.browser("rep").client.get(page.location + path)
        assert found.mimetype == "text/html"
        assert b"<script>alert(1)" not in found.get_data()
    for address in (f"/static/imports/{draft}", f"/static/../imports/{draft}", f"/var/imports/{draft}"):
        assert rep.get(address).status == 404
    assert still.browser("stranger").get(page.location).status == 404


def bomb() -> bytes:
    """A workbook of 60 kB whose sheet is 60 MB."""
    book = io.BytesIO()
    openpyxl.Workbook().save(book)
    out = io.BytesIO()
    with zipfile.ZipFile(book) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in given.namelist():
            content = given.read(name)
            if name.endswith("sheet1.xml"):
                content = content.replace(b"<sheetData", b" " * 60_000_000 + b"<sheetData")
            made.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bomb.xlsx", bomb()),
        ("bomb.csv", gzip.compress(b"x" * 60_000_000)),
        ("bomb.xlsx", gzip.compress(b"x" * 60_000_000)),
        ("lie.xlsx", b"Name\nAcme\n"),
        ("lie.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
        ("lie.jsonl", b"<html><script>alert(1)</script>"),
        ("deep.jsonl", b"[" * 100_000),
        ("deep.jsonl", b'{"Name":' * 20_000 + b"1" + b"}" * 20_000),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_and_not_kept(
    still: Company, name: str, content: bytes
) -> None:
    page = upload(still.browser("rep"), content, name)
    assert page.status == 422, page.text
    assert len(page.html) < 100_000
    assert not [path for path in folder(still).rglob(f"*/{name}") if path.is_file()]


def test_an_upload_has_a_largest_size(firm: Company) -> None:
    firm.tenon.app.config["MAX_CONTENT_LENGTH"] = 10_000
    page = upload(firm.browser("rep"), b"Name\n" + b"A\n" * 10_000, "large.csv")
    assert page.status == 413
    assert [path for path in folder(firm).rglob("*") if path.is_file()] == []

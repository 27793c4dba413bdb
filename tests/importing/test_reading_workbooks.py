"""XLSX as spreadsheet programs write it, and archives made to do harm."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest

from tenon.records.importing.limits import Limits
from tenon.records.importing.problems import FileError
from tenon.records.importing.rows import FileOptions
from tenon.records.importing.source import open_source


@pytest.fixture
def book(tmp_path):
    """Write rows into a workbook and give its path."""

    def write(*rows, sheet="Sheet1"):
        made = openpyxl.Workbook()
        made.active.title = sheet
        for row in rows:
            made.active.append(row)
        made.create_sheet("Second").append(["other"])
        path = tmp_path / "book.xlsx"
        made.save(path)
        return path

    return write


def forged(path, change):
    """Rewrite the sheet's XML inside a workbook."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    parts[name] = change(parts[name])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, data in parts.items():
            archive.writestr(part, data)
    return path


def test_cells_keep_their_values(book):
    moment = datetime(2026, 3, 1, 14, 30)
    path = book(
        ["name", "n", "price", "day", "at", "yes"], ["A", 7.0, 0.1, datetime(2026, 3, 1), moment, True]
    )
    rows = list(open_source(path).rows())
    assert list(rows[0].cells) == ["A", 7, Decimal("0.1"), date(2026, 3, 1), moment, True]
    assert (rows[0].index, rows[0].line) == (1, 2)


def test_empty_rows_are_no_rows_and_lines_are_those_of_the_sheet(book):
    path = book(["a", "b"], [None, None], [1, None], [None, None], [None, 2])
    assert [(row.index, row.line) for row in open_source(path).rows()] == [(1, 3), (2, 5)]


def test_the_map_may_name_a_sheet(book):
    assert open_source(book(["a"]), FileOptions(sheet="Second")).layout.header == ("other",)
    with pytest.raises(FileError, match="did you mean 'Second'"):
        open_source(book(["a"]), FileOptions(sheet="Secnd"))


def test_an_error_in_a_cell_spoils_its_row_alone(book):
    rows = list(open_source(book(["a", "b"], [1, "#REF!"], [2, 3])).rows())
    assert "#REF!" in rows[0].damage
    assert rows[1].damage is None


def test_a_workbook_that_is_cut_off_is_refused(book):
    path = book(["a"], *[[i] for i in range(1000)])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(FileError, match="cut off"):
        open_source(path)


def test_a_flipped_byte_is_found_before_anything_is_imported(book):
    path = book(["a"], *[[f"value {i}"] for i in range(3000)])
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        part = max(archive.infolist(), key=lambda part: part.file_size)
    data[part.header_offset + 200] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(FileError):
        open_source(path)


def test_a_zip_bomb_is_not_unpacked(book):
    path = forged(book(["a"]), lambda xml: xml.replace(b"</sheetData>", b"</sheetData>" + b" " * (300 << 20)))
    with pytest.raises(FileError, match="grow"):
        open_source(path)


def test_a_bomb_of_many_parts_is_not_opened(tmp_path):
    path = tmp_path / "parts.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(3000):
            archive.writestr(f"xl/{number}.xml", b"")
    with pytest.raises(FileError, match="parts"):
        open_source(path)


def test_a_directory_that_lies_about_sizes_gains_nothing(book):
    path = forged(book(["a"]), lambda xml: xml.replace(b"</sheetData>", b" " * (4 << 20) + b"</sheetData>"))
    data = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        real = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    path.write_bytes(data.replace(real.to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    with pytest.raises(FileError):
        open_source(path)


def test_an_endless_text_in_a_cell_is_refused(book):
    noise = b"".join(i.to_bytes(4, "big").hex().encode() for i in range(300_000))
    path = forged(book(["a"], ["b"]), lambda xml: xml.replace(b"<sheetData>", b"<sheetData>" + noise))
    with pytest.raises(FileError, match="longer"):
        open_source(path)


def test_entities_are_refused(book):
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]>'
    path = forged(book(["a"], ["b"]), lambda xml: entity + xml[xml.index(b"<worksheet") :])
    with pytest.raises(FileError, match="entities"):
        list(open_source(path).rows())


def test_a_forged_row_number_does_not_count_to_the_end_of_days(book):
    def far(xml: bytes) -> bytes:
        return xml.replace(b'<row r="2"', b'<row r="999999999"').replace(b'r="A2"', b'r="A999999999"')

    path = forged(book(["a"], ["b"]), far)
    with pytest.raises(FileError):
        list(open_source(path).rows())


def test_old_workbooks_and_other_archives_are_told_apart(tmp_path):
    old = tmp_path / "old.xls"
    old.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000))
    with pytest.raises(FileError, match=r"old \.xls"):
        open_source(old)
    other = tmp_path / "other.xlsx"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("hello.txt", "hello")
    other.write_bytes(buffer.getvalue())
    with pytest.raises(FileError, match="damaged"):
        open_source(other)


def test_too_many_columns_are_refused(book):
    with pytest.raises(FileError, match="200 columns"):
        open_source(book([f"c{i}" for i in range(200)]), limits=Limits(columns=100))

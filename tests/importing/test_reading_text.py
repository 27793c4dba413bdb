"""Text files as spreadsheets and other programs write them, and as accidents leave them."""

from __future__ import annotations

import csv
import io
import re
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenon.records.importing.limits import Limits
from tenon.records.importing.problems import FileError
from tenon.records.importing.rows import FileOptions
from tenon.records.importing.source import open_source

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)


def read(path, data, options=None, limits=None):
    path = path / "file.csv"
    path.write_bytes(data)
    source = open_source(path, options or FileOptions(), limits or Limits())
    return source, list(source.rows())


def cells(rows):
    return [tuple(row.cells) for row in rows]


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
        ("utf-32-le", b"\xff\xfe\x00\x00"),
        ("cp1252", b""),
    ],
)
def test_encodings_of_spreadsheets_are_found_by_looking(tmp_path, encoding, mark):
    text = "name,city\r\nMüller & Söhne,Zürich\r\nCafé Ole,Besançon\r\n"
    _source, rows = read(tmp_path, mark + text.encode(encoding))
    assert cells(rows) == [("Müller & Söhne", "Zürich"), ("Café Ole", "Besançon")]


@pytest.mark.parametrize("encoding", ["gb18030", "shift_jis", "euc_kr", "cp1251"])
def test_other_encodings_are_read_when_the_map_names_them(tmp_path, encoding):
    name = {"gb18030": "北京贸易有限公司", "shift_jis": "東京商事", "euc_kr": "서울상사", "cp1251": "Москва"}[
        encoding
    ]
    _source, rows = read(tmp_path, f"name\n{name}\n".encode(encoding), FileOptions(encoding=encoding))
    assert cells(rows) == [(name,)]


def test_east_asian_text_is_not_guessed_but_asked_for(tmp_path):
    with pytest.raises(FileError, match="encoding") as refused:
        read(tmp_path, "name\n北京贸易有限公司\n上海\n".encode("gb18030"))
    assert "gb18030" in refused.value.hint


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path, delimiter):
    text = "\n".join(delimiter.join(row) for row in (("name", "note"), ("A", "x. y"), ("B", "1.5")))
    assert cells(read(tmp_path, text.encode())[1]) == [("A", "x. y"), ("B", "1.5")]


def test_commas_in_german_numbers_do_not_hide_the_semicolon(tmp_path):
    assert cells(read(tmp_path, b"name;revenue\nA;1,50\nB;2,75\n")[1]) == [("A", "1,50"), ("B", "2,75")]


def test_a_first_line_that_names_the_delimiter_is_heeded(tmp_path):
    assert cells(read(tmp_path, b"sep=;\r\nname;city\r\nA,B;C\r\n")[1]) == [("A,B", "C")]


def test_quoted_cells_may_hold_line_ends_delimiters_and_quotes(tmp_path):
    rows = read(tmp_path, b'name,note\n"A, B","one\r\ntwo"\n"say ""hi""",x\n')[1]
    assert cells(rows) == [("A, B", "one\r\ntwo"), ('say "hi"', "x")]
    assert [(row.index, row.line) for row in rows] == [(1, 2), (2, 4)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_a_line_end(tmp_path, end):
    assert cells(read(tmp_path, end.join(["a,b", "1,2", "3,4", ""]).encode())[1]) == [("1", "2"), ("3", "4")]


def test_blank_lines_are_no_rows(tmp_path):
    assert [row.line for row in read(tmp_path, b"a,b\n\n1,2\n,\n3,4\n")[1]] == [3, 5]


def test_a_header_alone_is_a_file_without_rows(tmp_path):
    source, rows = read(tmp_path, b"name,city\n")
    assert source.layout.header == ("name", "city")
    assert rows == []


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused_with_a_reason(tmp_path, data):
    with pytest.raises(FileError, match=r"empty|blank"):
        read(tmp_path, data)


def test_titles_that_occur_twice_can_be_told_apart(tmp_path):
    source, _rows = read(tmp_path, b"Phone,Phone,,Name\n1,2,3,4\n")
    assert source.layout.header == ("Phone (1)", "Phone (2)", "column 3", "Name")


def test_a_ragged_row_is_kept_and_says_why(tmp_path):
    rows = read(tmp_path, b"a,b,c\n1,2\n1,2,3\n1,2,3,4\n1,2,3,,\n")[1]
    assert [bool(row.damage) for row in rows] == [True, False, True, False]
    assert "2 cells where the header has 3" in rows[0].damage
    assert cells(rows)[2] == ("1", "2", "3", "4")


def test_a_wrong_byte_is_named_by_its_position_and_kept(tmp_path):
    data = "name,city\nZoë,Bonn\n".encode() + b"Fran\xffois,Paris\n" + "Zoé,Köln\n".encode()
    rows = read(tmp_path, data)[1]
    assert [bool(row.damage) for row in rows] == [False, True, False]
    assert f"0xFF at position {data.index(0xFF)}" in rows[1].damage
    assert rows[1].cells[0].encode("utf-8", "surrogateescape") == b"Fran\xffois"


def test_a_zero_byte_spoils_its_row_alone(tmp_path):
    rows = read(tmp_path, b"a,b\n1,2\n3,\x004\n5,6\n")[1]
    assert [bool(row.damage) for row in rows] == [False, True, False]
    assert "NUL" in rows[1].damage


def test_a_file_cut_off_inside_a_quoted_cell_says_so(tmp_path):
    rows = read(tmp_path, b'a,b\n1,2\n3,"four and')[1]
    assert cells(rows) == [("1", "2"), ("3", "four and")]
    assert "never closed" in rows[1].damage


def test_a_utf16_file_cut_off_in_the_middle_of_a_letter_says_so(tmp_path):
    rows = read(tmp_path, b"\xff\xfe" + "a,b\n1,2\n3,4".encode("utf-16-le")[:-1])[1]
    assert not rows[0].damage
    assert rows[1].damage


def test_too_many_columns_are_refused(tmp_path):
    with pytest.raises(FileError, match="100000 columns"):
        read(tmp_path, ",".join(f"c{i}" for i in range(100_000)).encode() + b"\n")


def test_an_endless_quote_is_refused_by_the_line_where_it_opens(tmp_path):
    data = b'a,b\n1,2\n3,"x\n' + b"filler,1\n" * 50_000
    source_limits = Limits(row=100_000)
    with pytest.raises(FileError, match="line 3"):
        read(tmp_path, data, limits=source_limits)


def test_a_cell_beyond_the_limit_is_refused_by_its_line(tmp_path):
    with pytest.raises(FileError, match="line 2"):
        read(tmp_path, b"a,b\n1," + b"x" * 140_000 + b"\n")


def test_a_line_of_a_gigabyte_is_refused_without_being_held(tmp_path):
    path = tmp_path / "huge.csv"
    with path.open("wb") as stream:
        stream.write(b"name\nAcme\n")
        stream.seek(1 << 30)
        stream.write(b"x")
    tracemalloc.start()
    with pytest.raises(FileError, match="Line 3 is longer"):
        open_source(path, FileOptions())
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(
        st.lists(TEXT, min_size=2, max_size=2),
        min_size=1, max_size=8,
    ),
    encoding=st.sampled_from(["utf-8-sig", "utf-16", "utf-32"]),
    delimiter=st.sampled_from(",;\t|"),
)  # fmt: skip
def test_what_a_spreadsheet_writes_is_read_back(tmp_path_factory, rows, encoding, delimiter):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([["left", "right"], *rows])
    path = tmp_path_factory.mktemp("law")
    found = read(path, text.getvalue().encode(encoding), FileOptions(delimiter=delimiter))[1]
    assert cells(found) == [tuple(row) for row in rows if any(row)]


def test_json_lines_are_read_with_their_nested_fields(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"name": "A", "custom": {"size": 1.10}}\n\n{"name": "B", "tags": ["x"]}\n')
    source = open_source(path)
    assert source.layout.header == ("name", "custom.size", "tags")
    assert [[str(c) if c is not None else None for c in row.cells] for row in source.rows()] == [
        ["A", "1.10", None],
        ["B", None, "['x']"],
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"a": ', "not JSON"),
        ("[1, 2]", "not an object"),
        ("7", "not an object"),
        ("[" * 100_000, "not JSON|too deep"),
        ('{"a":' * 40 + "1" + "}" * 40, "nested"),
        ('{"a": "\x00"}', "NUL"),
    ],
)
def test_a_line_that_is_no_object_is_a_row_that_says_why(tmp_path, line, reason):
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n' + line + "\n")
    rows = list(open_source(path).rows())
    assert rows[0].damage is None
    assert rows[1].cells[0] == {"_raw": line}
    assert re.search(reason, rows[1].damage)


def test_a_json_array_is_refused_with_the_right_form(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('[\n {"a": 1}\n]')
    with pytest.raises(FileError, match="array") as refused:
        open_source(path)
    assert '{"name"' in refused.value.hint

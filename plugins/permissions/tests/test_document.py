"""A policy is the same after it was a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenon.api import BadRequestError, NamedFieldSet
from tenon_permissions.difference import difference
from tenon_permissions.document import PolicyDocument, Role, as_toml, document_of, read_toml
from tenon_permissions.line import Line
from tenon_permissions.positions import positions

# every character there is, but for halves of surrogate pairs, which no file can hold
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ['"', "'", '"""', "\\", "\\u0000", "\x00", "\r\n", "\n", "\t", "\x7f", "\x85", "\u2028", "]", "#", "a, b",
     "[x]", "lines = [", "=", "\ufeff", "الإدارة", "销售", "\U0001f511", " ", ""]
)  # fmt: skip
PATHS = st.dictionaries(TEXT, st.lists(TEXT, max_size=3).map(tuple), max_size=3)
ROLES = st.lists(st.builds(Role, TEXT, TEXT, TEXT), max_size=4).map(lambda found: {r.key: r for r in found})
FIELD_SETS = st.lists(st.builds(NamedFieldSet, key=TEXT, label=TEXT, show=PATHS, hide=PATHS), max_size=3).map(
    lambda found: {s.key: s for s in found}
)
LINES = st.lists(st.builds(Line, *[TEXT] * 7), max_size=6).map(tuple)
DOCUMENTS = st.builds(PolicyDocument, ROLES, FIELD_SETS, LINES)


@given(DOCUMENTS)
def test_a_policy_comes_back_from_a_file_as_it_was(document):
    assert read_toml(as_toml(document)) == document


@given(DOCUMENTS)
def test_a_policy_comes_back_from_json_as_it_was(document):
    assert document_of(document.as_data()) == document


@given(DOCUMENTS)
def test_every_line_and_role_is_found_in_the_file(document):
    text = as_toml(document)
    places, rows = positions(text), text.split("\n")
    for number, line in enumerate(document.lines, 1):
        assert read_toml(f"format = 1\nlines = [{rows[places[f'line {number}'] - 1]}]").lines == (line,)
    for key in document.roles:
        assert rows[places[f"roles.{key}"] - 1].startswith("[roles.")
    for key in document.field_sets:
        assert rows[places[f"field_sets.{key}"] - 1].startswith("[field_sets.")


def test_places_are_found_in_a_file_that_a_person_wrote():
    text = '''\
# lines = [ is no array here
format = 1
lines = [
  ["sales", "*", "account", "read", "own", "all", "allow"], # [a comment]
  # ["not", "a", "line"],
  ["a]", "*", "account",
   "read", "own", "all", "allow"],
  ["x", """two
lines""", "account", "read", 'o"wn', "all", "allow"], ["y", "*", "a", "b", "c", "d", "e"],
]

[roles."a b"]
label = "[x]"
  [roles.sales]   # indented
label = "lines = ["
[field_sets.few]
show.account = ["name"]
'''
    assert positions(text) == {
        "line 1": 4, "line 2": 6, "line 3": 8, "line 4": 9,
        "roles.a b": 12, "roles.sales": 14, "field_sets.few": 16,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lines = []", "its format is None, not 1"),
        ("format = 2", "its format is 2, not 1"),
        ("format = 1\nlines = [['a', 'b']]", "line 1 has 2 names where 7 are expected"),
        ("format = 1\nlines = ['a']", "line 1 has 'a' names where 7 are expected"),
        ("format = 1\nlines = [['a', '*', 'b', 'c', 'd', 'e', 1]]", "line 1: 1 is not a text"),
        ("format = 1\nlines = nothing", "line 2"),
        ("format = 1\n[roles.sales]\nlabel = 3", "3 is not a text"),
        ("format = 1\nroles = 3", "roles"),
    ],
)
def test_what_is_no_policy_is_told_where(text, told):
    with pytest.raises(BadRequestError) as caught:
        read_toml(text)
    assert told in str(caught.value)


def test_a_changed_line_is_one_changed_line_of_the_file():
    before = PolicyDocument(
        {}, {}, tuple(Line("r", "*", f"k{n}", "read", "own", "all", "allow") for n in range(9))
    )
    changed = before.lines[4]._replace(scope="all")
    after = before.with_lines((*before.lines[:4], changed, *before.lines[5:]))
    marks = difference(before, after)
    assert [m.text.strip() for m in marks if m.kind == "removed"] == [
        '["r", "*", "k4", "read", "own", "all", "allow"],'
    ]
    assert [m.text.strip() for m in marks if m.kind == "added"] == [
        '["r", "*", "k4", "read", "all", "all", "allow"],'
    ]
    assert difference(before, before) == []

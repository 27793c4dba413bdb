"""What is wrong with a policy is said before it can do harm."""

from __future__ import annotations

import pytest

from tenon.api import InvalidError, system
from tenon_permissions.checking import check, check_text
from tenon_permissions.document import as_toml, read_toml

BEGINNING = 'format = 1\n[roles.sales]\nlabel = "Sales"\n'


@pytest.fixture
def tenon_database():
    return "sqlite"


def one_line(tokens: str) -> str:
    row = ", ".join(f'"{token.strip()}"' for token in tokens.split(","))
    return f"format = 1\nlines = [\n  [{row}],\n]\n" + BEGINNING.partition("\n")[2]


@pytest.fixture
def found(tenon):
    names = tenon.access.policy.names
    return lambda text: [f"{f.severity}: {f}" for f in check_text(text, names)[1]]


@pytest.mark.parametrize(
    ("tokens", "told"),
    [
        ("sale, *, account, read, own, all, allow", "There is no role sale here; did you mean sales?"),
        ("sales, b3b, account, read, own, all, allow", "There is no mode b3b here; did you mean b2b?"),
        ("sales, *, account, raed, own, all, allow", "There is no action raed here; did you mean read?"),
        ("sales, *, account, read, owns, all, allow", "There is no scope owns here; did you mean own?"),
        ("sales, *, account, read, own:x, all, allow", "The scope own takes nothing after a colon"),
        ("sales, *, opportunity, read, via, all, allow", "The scope via needs"),
        ("sales, *, opportunity, read, via:acount_id, all, allow", "did you mean account_id?"),
        ("sales, *, account, read, own, few, allow", "There is no field set few here"),
        ("sales, *, account, read, own, all, permit", "The last token is allow or deny, not permit"),
        ("sales, *, account, read, , all, allow", "scope is empty"),
    ],
)
def test_each_token_is_checked(found, tokens, told):
    errors = [text for text in found(one_line(tokens)) if text.startswith("error")]
    assert len(errors) == 1
    assert errors[0].startswith("error: line 3: ")
    assert told in errors[0]


def test_a_kind_of_record_that_is_not_here_is_a_warning(found):
    assert found(one_line("sales, *, acount, read, own, all, allow")) == [
        "warning: line 3: There is no kind of record acount here; did you mean account?"
    ]


def test_the_same_line_twice_is_told_with_both_lines_of_the_file(found):
    row = '  ["sales", "*", "account", "read", "own", "all", "allow"],\n'
    assert found(f"format = 1\nlines = [\n\n{row}# again\n{row}]\n[roles.sales]\n") == [
        "warning: line 6: The same as line 4"
    ]


def test_a_field_that_is_not_there_is_told_with_the_line_of_its_set(found):
    text = one_line("sales, *, account, read, own, few, allow")
    text += '[field_sets.few]\nshow.account = ["nme"]\n'
    assert found(text) == ["error: line 7, field_sets.few: There is no field account.nme here"]


def test_a_file_that_is_no_policy_is_one_error(found, tenon):
    assert check_text("lines = [", tenon.access.policy.names)[0] is None
    assert len(found("lines = [")) == 1


def test_a_policy_with_errors_never_comes_into_force(sales):
    before = sales.policy.snapshot
    broken = read_toml(one_line("sales, *, account, read, owns, all, allow"))
    with pytest.raises(InvalidError) as caught:
        sales.policy.revisions.add(broken, sales.policy.names, system("test"))
    assert "did you mean own" in caught.value.problems[0].detail
    sales.policy.changed()
    assert sales.policy.snapshot is before


def test_the_suggested_policy_is_sound_as_a_file(sales):
    document = sales.policy.snapshot.document
    assert check(document, sales.policy.names) == []
    assert check_text(as_toml(document), sales.policy.names) == (document, [])

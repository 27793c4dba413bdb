"""Lists: what an address asks for is what one sees, saves and exports."""

from __future__ import annotations

import re
from collections.abc import Callable
from threading import get_ident

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from tenon.app import Tenon
from tenon.web.filters import OPERATOR_LABELS, Clause, read_clauses
from tenon.web.listing import ListState, read_state
from tests.web.visitor import Visitor

Make = Callable[..., str]


def rows(html: str) -> list[str]:
    return re.findall(r'class="t-first"><a href="[^"]+"><bdi>([^<]+)', html)


@pytest.fixture
def accounts(make: Make) -> None:
    for name, industry, revenue in (
        ("Acme", "retail", "100"),
        ("Borg", "retail", "900"),
        ("Cyan", "energy", None),
    ):
        make("account", name=name, industry=industry, revenue=revenue)


def test_a_list_shows_what_its_filter_names(visitor: Visitor, accounts: None) -> None:
    page = visitor.get("/accounts?filter[industry][eq]=retail&filter[revenue][gte]=500")
    assert rows(page.html) == ["Borg"]
    assert "Industry is retail" in page.text
    assert "Annual revenue is at least 500" in page.text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("filter[stage][in]=won,lost", "Stage is Won or Lost"),
        ("filter[pipeline][eq]=new_business", "Pipeline is New business"),
        ("filter[source][ne]=event", "Source is not Trade fair or event"),
        ("filter[amount][between]=50,2000", "Amount is between 50 and 2,000"),
        ("filter[owner_id][eq]=$me", "Owner is me"),
        ("filter[close_date][within]=this_year", "Close date: This year"),
        ("filter[close_date][empty]=false", "Close date is not empty"),
    ],
)
def test_a_condition_reads_as_a_person_would_say_it(visitor: Visitor, query: str, words: str) -> None:
    assert words in visitor.get(f"/opportunities?{query}").text


def test_a_chip_leads_to_the_list_without_its_condition(visitor: Visitor, accounts: None) -> None:
    page = visitor.get("/accounts?filter[industry][eq]=retail&filter[revenue][gte]=500")
    without = [
        link for link in page.links if "industry" in link and "revenue" not in link and "filter" in link
    ]
    assert rows(visitor.get(without[0]).html) == ["Acme", "Borg"]


def test_a_filter_can_be_built_without_a_script(visitor: Visitor, accounts: None) -> None:
    assert "Add the filter" in visitor.get("/accounts?add=revenue").text
    built = visitor.get("/accounts?add=revenue&field=revenue&op=between&value=50&value2=200")
    assert built.status == 302
    assert rows(visitor.get(built.location).html) == ["Acme"]


def test_several_values_make_a_filter_for_any_of_them(visitor: Visitor, accounts: None) -> None:
    built = visitor.get("/accounts?field=industry&op=in&value=retail&value=energy")
    assert len(rows(visitor.get(built.location).html)) == 3


@pytest.mark.parametrize(
    "query",
    ["filter[nope][eq]=1", "filter[name][near]=1", "sort=nope", "filter[revenue][eq]=much", "after=garbage"],
)
def test_a_list_that_cannot_be_understood_says_why_and_shows_no_row(
    visitor: Visitor, accounts: None, query: str
) -> None:
    page = visitor.get(f"/accounts?{query}")
    assert rows(page.html) == []
    assert "Show the whole list" in page.text


def test_a_filter_that_cannot_be_read_at_all_is_refused(visitor: Visitor) -> None:
    assert visitor.get("/accounts?filter[name=x").status == 400


def test_columns_can_be_chosen_and_sorted_by(visitor: Visitor, accounts: None) -> None:
    page = visitor.get("/accounts?columns=name&columns=revenue&sort=-name")
    assert rows(page.html) == ["Cyan", "Borg", "Acme"]
    assert "Industry" not in re.findall(r"<thead>.*?</thead>", page.html, re.S)[0]
    assert 'aria-sort="descending"' in page.html


@pytest.mark.tenon(limits={"page_size": 2})
@pytest.mark.parametrize("htmx", [False, True])
def test_paging_shows_everything_once(visitor: Visitor, make: Make, htmx: bool) -> None:
    names = [f"Account {number}" for number in range(7)]
    for name in names:
        make("account", name=name)
    found, url = [], "/accounts?sort=name"
    while url:
        page = visitor.get(url, htmx=htmx)
        found += rows(page.html)
        url = next((link for link in page.links if "after=" in link), "")
    assert found == names


def test_the_total_is_counted_when_asked_for(visitor: Visitor, accounts: None) -> None:
    assert "3 records" in visitor.get("/accounts?total=1").text
    assert "3 records" not in visitor.get("/accounts").text


def test_an_archived_record_is_shown_only_where_it_is_asked_for(visitor: Visitor, make: Make) -> None:
    archived = make("account", name="Gone")
    visitor.post(f"/accounts/{archived}/archive")
    assert rows(visitor.get("/accounts").html) == []
    assert rows(visitor.get("/accounts?archived=only").html) == ["Gone"]


# Saved views


def test_a_view_is_ones_own_until_it_is_shared(visitor: Visitor, admin: Visitor, accounts: None) -> None:
    saved = visitor.post("/accounts/views?filter[industry][eq]=energy", {"name": "Power"}, follow=True)
    assert rows(saved.html) == ["Cyan"]
    assert "Power" not in admin.get("/accounts").text
    visitor.post("/accounts/views?filter[industry][eq]=energy", {"name": "Power", "shared": "1"})
    shared = next(link for link in admin.get("/accounts").links if "view=" in link)
    assert rows(admin.get(shared).html) == ["Cyan"]


def test_nobody_deletes_the_view_of_another(visitor: Visitor, admin: Visitor, accounts: None) -> None:
    visitor.post("/accounts/views?q=acme", {"name": "Mine", "shared": "1"})
    delete = re.findall(r'action="(/accounts/views/[^"]+/delete)"', visitor.get("/accounts").html)[0]
    assert admin.post(delete).status == 404
    assert visitor.post(delete).status == 303
    assert "Mine" not in visitor.get("/accounts").text


# Files


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_an_export_holds_the_rows_and_columns_of_the_list(
    visitor: Visitor, accounts: None, format: str
) -> None:
    url = f"/accounts/export?columns=name,industry&filter[industry][eq]=retail&sort=-name&format={format}"
    file = visitor.get(url)
    assert file.html.index("Borg") < file.html.index("Acme")
    assert "Cyan" not in file.html
    assert "revenue" not in file.html
    assert re.search(r'filename="?accounts-\d{4}-\d\d-\d\d', file.headers["Content-Disposition"])


def test_an_unknown_format_is_refused(visitor: Visitor) -> None:
    assert visitor.get("/accounts/export?format=exe").status == 400


# Many at once


def test_archiving_several_tells_the_result_of_each(visitor: Visitor, make: Make) -> None:
    ids = [make("account", name=name) for name in ("Acme", "Borg")]
    page = visitor.post("/accounts/bulk", {"id": ids, "action": "archive"})
    assert "2 records were changed." in page.text
    assert rows(visitor.get("/accounts").html) == []


def test_a_field_is_changed_for_several_in_three_steps(visitor: Visitor, make: Make) -> None:
    ids = [make("account", name=name) for name in ("Acme", "Borg")]
    assert "Employees" in visitor.post("/accounts/bulk", {"id": ids, "action": "change"}).text
    chosen = visitor.post("/accounts/bulk", {"id": ids, "action": "change", "field": "employees"})
    assert 'name="employees"' in chosen.html
    sent = {"id": ids, "action": "change", "field": "employees", "apply": "1"}
    wrong = visitor.post("/accounts/bulk", {**sent, "employees": "many"})
    assert (wrong.status, "Enter a whole number" in wrong.text) == (422, True)
    assert "2 records were changed." in visitor.post("/accounts/bulk", {**sent, "employees": "12"}).text


def test_what_is_refused_for_one_does_not_stop_the_others(visitor: Visitor, make: Make) -> None:
    parent = make("account", name="Parent")
    child = make("account", name="Child", parent_id=parent)
    sent = {
        "id": [parent, child],
        "action": "change",
        "field": "parent_id",
        "apply": "1",
        "parent_id": parent,
    }
    page = visitor.post("/accounts/bulk", sent)
    assert "1 record could not be changed" in page.text
    assert "An account cannot belong to itself" in page.text


@pytest.mark.tenon(limits={"max_bulk": 1})
def test_more_than_the_limit_is_refused(visitor: Visitor, make: Make) -> None:
    ids = [make("account", name=name) for name in ("Acme", "Borg")]
    assert visitor.post("/accounts/bulk", {"id": ids, "action": "archive"}).status == 422


# Addresses

words = st.text(min_size=1).filter(lambda text: text.strip() == text and "," not in text)
clauses = st.builds(
    Clause,
    st.from_regex(r"[a-z_.]{1,12}", fullmatch=True),
    st.sampled_from(sorted(OPERATOR_LABELS)),
    st.text(),
)


@given(st.lists(clauses, max_size=5, unique_by=lambda clause: clause.name))
def test_conditions_survive_their_address(conditions: list[Clause]) -> None:
    assert read_clauses(MultiDict([(clause.name, clause.value) for clause in conditions])) == conditions


@given(
    conditions=st.lists(clauses, max_size=3, unique_by=lambda clause: clause.name),
    search=words,
    sort=st.lists(words, max_size=2, unique=True),
    archived=st.sampled_from(["no", "only", "all"]),
)
def test_a_list_is_the_same_after_a_way_through_its_address(
    conditions: list[Clause], search: str, sort: list[str], archived: str
) -> None:
    state = ListState(None, tuple(conditions), search, tuple(sort), (), archived)  # type: ignore[arg-type]
    assert read_state(None, MultiDict(state.pairs())) == state  # type: ignore[arg-type]


def test_the_page_asks_the_database_no_more_for_more_rows(visitor: Visitor, tenon: Tenon, make: Make) -> None:
    """A row must not cost a query: references, stages and slots are looked up for all rows at once."""
    owner = make("account", name="Acme")
    counts = []
    for many in (1, 10):
        for number in range(many):
            make("opportunity", name=f"Deal {number}", account_id=owner, amount="10")
        counts.append(queries(tenon, lambda: visitor.get("/opportunities")))
    assert counts[0] == counts[1]


def queries(tenon: Tenon, run: Callable[[], object]) -> int:
    """How many statements this thread sends; that of the access log has its own."""
    from sqlalchemy import event

    seen: list[str] = []
    here = get_ident()

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if get_ident() == here:
            seen.append(statement)

    event.listen(tenon.storage.engine, "before_cursor_execute", note)
    run()
    event.remove(tenon.storage.engine, "before_cursor_execute", note)
    return len([s for s in seen if "tenon_custom_field" not in s and "identity_session" not in s])

"""A record's pages: made, changed, refused, contested, archived, merged, remembered."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

import pytest

from tenon.app import Tenon
from tenon.clock import ManualClock
from tenon.identity.actor import Actor
from tests.web.visitor import Page, Visitor

Make = Callable[..., str]


def field(page: Page, name: str) -> str:
    found = re.search(rf'<input[^>]*type="[^"]*" value="([^"]*)" id="[^"]*" name="{name}"', page.html)
    assert found is not None, name
    return found[1]


def test_a_record_is_made_and_shown(visitor: Visitor) -> None:
    made = visitor.post(
        "/accounts/new", {"name": "Acme <b>Ltd</b>", "industry": "retail", "revenue": "12.50"}
    )
    page = visitor.get(made.location)
    assert page.title.startswith("Acme <b>Ltd</b>")
    assert "<b>Ltd" not in page.html
    assert "€12.50" in page.text
    assert "Anna Example" in page.text


def test_what_is_wrong_stands_in_a_summary_and_beside_its_field(visitor: Visitor) -> None:
    page = visitor.post("/accounts/new", {"name": "", "employees": "many", "email": "nonsense"})
    assert page.status == 422
    for path, sentence in (
        ("name", "Name is needed"),
        ("employees", "Enter a whole number"),
        ("email", "Enter an e-mail address such as name@example.com"),
    ):
        assert f'href="#f-{path}"' in page.html
        assert re.search(rf'id="f-{path}"[^>]*aria-invalid="true"', page.html)
        assert page.text.count(sentence) == 2
    assert field(page, "employees") == "many"


def test_a_reference_is_found_without_a_script(visitor: Visitor, make: Make) -> None:
    for number in range(40):
        make("account", name=f"Account {number:02}")
    assert "Account 39" not in visitor.get("/accounts/new").html
    page = visitor.post("/accounts/new", {"name": "Child", "parent_id~q": "39", "_find": "parent_id"})
    option = re.search(r'<option value="([^"]+)">Account 39', page.html)
    assert option is not None
    assert field(page, "name") == "Child"
    made = visitor.post("/accounts/new", {"name": "Child", "parent_id": option[1]})
    assert "Account 39" in visitor.get(made.location).text


def test_suggestions_name_only_what_can_be_chosen(visitor: Visitor, make: Make) -> None:
    make("account", name="Acme")
    gone = make("account", name="Acme gone")
    visitor.post(f"/accounts/{gone}/archive")
    found = visitor.client.get("/accounts/lookup?q=acme").json
    assert [item["title"] for item in found["data"]] == ["Acme"]


def test_an_unchanged_form_changes_nothing(visitor: Visitor, make: Make) -> None:
    id_ = make("activity", subject="Call", happened_at="2026-01-02T10:11:12Z", type="call")
    page = visitor.get(f"/activities/{id_}/edit")
    sent = {name: field(page, name) for name in ("subject", "happened_at")}
    visitor.post(f"/activities/{id_}/edit", {**sent, "_version": "1"})
    assert "Version 2" not in visitor.get(f"/activities/{id_}/history").text


def test_times_are_written_and_read_in_the_readers_own_zone(
    visitor: Visitor, tenon: Tenon, actor: Actor
) -> None:
    visitor.post("/preferences", {"locale": "en", "timezone": "Asia/Tokyo"})
    tenon.clock.advance(minutes=1)  # type: ignore[attr-defined]
    made = visitor.post(
        "/activities/new", {"subject": "Call", "type": "call", "happened_at": "2026-01-02T09:00"}
    )
    id_ = made.location.rpartition("/")[2]
    with tenon.records.reading(actor) as work:
        assert work.get("activity", UUID(id_))["happened_at"].isoformat() == "2026-01-02T00:00:00+00:00"
    assert field(visitor.get(f"{made.location}/edit"), "happened_at") == "2026-01-02T09:00"


# Lost updates


@pytest.fixture
def contested(visitor: Visitor, admin: Visitor, make: Make) -> Page:
    """Anna saves what she began before Ada saved something else."""
    id_ = make("account", name="Acme", industry="retail")
    admin.post(f"/accounts/{id_}/edit", {"name": "Acme", "industry": "energy", "_version": "1"})
    return visitor.post(f"/accounts/{id_}/edit", {"name": "Acme", "industry": "food", "_version": "1"})


def test_nobody_overwrites_what_they_have_not_seen(contested: Page, visitor: Visitor) -> None:
    assert contested.status == 409
    assert "energy" in contested.text
    assert "food" in contested.text
    assert "Name" not in re.findall(r"<tbody>.*</tbody>", contested.html, re.S)[0]
    assert "energy" in visitor.get("/accounts").text


def test_the_one_who_came_later_chooses(contested: Page, visitor: Visitor) -> None:
    action = re.findall(r'action="(/accounts/[^"]+/edit)"', contested.html)[0]
    version = re.findall(r'name="_version" value="(\d+)"', contested.html)[0]
    assert visitor.post(action, {"industry": "food", "_version": version}).status == 303
    assert "food" in visitor.get("/accounts").text


# Archive, history, merge


def test_an_archived_record_says_so_and_comes_back(visitor: Visitor, make: Make) -> None:
    id_ = make("account", name="Acme")
    archived = visitor.post(f"/accounts/{id_}/archive", follow=True)
    assert "Archived" in archived.text
    assert f"/accounts/{id_}/edit" not in archived.links
    assert "is restored" in visitor.post(f"/accounts/{id_}/restore", follow=True).text


def test_history_tells_who_changed_what_and_how_it_was(
    visitor: Visitor, make: Make, clock: ManualClock
) -> None:
    id_ = make("account", name="Acme", industry="retail")
    for _sign_of_life in range(10):
        clock.advance(hours=1)
        visitor.get("/")
    visitor.post(f"/accounts/{id_}/edit", {"industry": "energy", "_version": "1"})
    page = visitor.get(f"/accounts/{id_}/history")
    assert "Anna Example · on a page" in page.text
    assert '<del class="t-del"><bdi>retail</bdi></del>' in page.html
    assert '<ins class="t-ins"><bdi>energy</bdi></ins>' in page.html
    past = visitor.get(f"/accounts/{id_}/history?at=2026-01-05T10:00")
    assert "<mark><bdi>retail</bdi></mark>" in past.html
    assert "did not exist yet" in visitor.get(f"/accounts/{id_}/history?at=2020-01-01T00:00").text


def test_duplicates_are_found_merged_value_by_value_and_taken_apart_again(
    visitor: Visitor, make: Make
) -> None:
    stays = make("account", name="Acme Corporation", industry="retail")
    goes = make("account", name="ACME Corporation", industry="energy", phone="+49 30 1234567")
    deal = make("opportunity", name="Deal", account_id=goes)
    assert "ACME Corporation" in visitor.get(f"/accounts/{stays}/duplicates").text
    assert "energy" in visitor.get(f"/accounts/{stays}/merge/{goes}").text
    chosen = {"name": "own", "industry": "other", "phone": "other"}
    merged = visitor.post(f"/accounts/{stays}/merge/{goes}", chosen, follow=True)
    assert "energy" in merged.text
    assert "Acme Corporation" in visitor.get(f"/opportunities/{deal}").text
    undo = re.findall(r'action="(/accounts/[^"]+/undo)"', visitor.get(f"/accounts/{stays}/history").html)[0]
    assert "The merge is undone" in visitor.post(undo, follow=True).text
    assert "ACME Corporation" in visitor.get(f"/opportunities/{deal}").text


# Timeline and tasks


def test_a_note_and_a_task_are_added_where_one_is(visitor: Visitor, make: Make) -> None:
    id_ = make("account", name="Acme")
    note = {"type": "call", "subject": "Asked for an offer", "body": "By Friday"}
    assert "Asked for an offer" in visitor.post(f"/accounts/{id_}/activities", note, follow=True).text
    visitor.post(f"/accounts/{id_}/tasks", {"subject": "Send the offer", "due_at": "2026-01-05T08:00"})
    day = visitor.get("/my-day")
    assert "Send the offer" in day.text
    assert "Acme" in day.text
    done = re.findall(r'action="(/tasks/[^"]+/done)"', day.html)[0]
    visitor.post(done)
    assert "Nothing to do" in visitor.get("/my-day").text


def test_a_note_without_a_subject_says_what_is_needed(visitor: Visitor, make: Make) -> None:
    id_ = make("account", name="Acme")
    page = visitor.post(f"/accounts/{id_}/activities", {"type": "note", "subject": ""}, follow=True)
    assert "Subject is needed" in page.text


# Search and home


def test_search_groups_what_it_finds(visitor: Visitor, make: Make) -> None:
    account = make("account", name="Acme")
    make("opportunity", name="Acme renewal", account_id=account)
    page = visitor.get("/search?q=acme")
    assert f"/accounts/{account}" in page.links
    assert "Opportunities" in page.text
    assert "Nothing found" in visitor.get("/search?q=zebra").text


def test_home_leads_on_when_there_is_nothing_yet(visitor: Visitor, make: Make) -> None:
    assert "There is nothing here yet" in visitor.get("/").text
    make("opportunity", name="Deal", amount="100")
    page = visitor.get("/")
    assert "There is nothing here yet" not in page.text
    assert "My New business" in page.text
    assert "Prospecting" in page.text


def test_an_address_that_nobody_has_is_a_page_and_the_api_answers_for_itself(visitor: Visitor) -> None:
    page = visitor.get("/nothing-here")
    assert (page.status, "There is nothing here" in page.text) == (404, True)
    assert visitor.get("/accounts/00000000-0000-7000-8000-000000000000").status == 404
    api = visitor.get("/api/v1/nothing")
    assert (api.status, api.headers["Content-Type"]) == (404, "application/problem+json")

"""Moving through a pipeline: on the record's page, and on the board, by form and by htmx."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.web.visitor import Page, Visitor

Make = Callable[..., str]
REASONS = ("Amount is needed for Proposal", "Close date is needed for Proposal")
BOARD = "/opportunities/board/new_business"


@pytest.fixture
def deal(make: Make) -> str:
    return make("opportunity", name="Deal")


def column(page: Page, stage: str) -> str:
    found = re.search(rf'id="col-{stage}".*?</section>', page.html, re.S)
    assert found is not None, stage
    return found[0]


def test_one_click_moves_where_nothing_is_missing(visitor: Visitor, deal: str) -> None:
    page = visitor.post(f"/opportunities/{deal}/move", {"to": "engaging", "_version": "1"}, follow=True)
    assert "Deal is now in Engaging." in page.text
    assert re.search(r'aria-current="step">Engaging', page.html)


def test_what_is_missing_stands_on_the_page_before_anybody_tries(visitor: Visitor, deal: str) -> None:
    text = visitor.get(f"/opportunities/{deal}").text
    assert all(reason in text for reason in REASONS)


@pytest.mark.parametrize("way", ["asked", "refused"])
def test_every_reason_is_shown_with_the_fields_that_mend_them(visitor: Visitor, deal: str, way: str) -> None:
    address = f"/opportunities/{deal}/move"
    page = (
        visitor.get(f"{address}?to=proposal") if way == "asked" else visitor.post(address, {"to": "proposal"})
    )
    assert page.status == (200 if way == "asked" else 409)
    assert all(reason in page.text for reason in REASONS)
    assert 'name="amount"' in page.html
    assert 'name="close_date"' in page.html


def test_filling_the_fields_moves_in_the_same_step(visitor: Visitor, deal: str) -> None:
    filled = {"to": "proposal", "amount": "1200", "amount_currency": "EUR", "close_date": "2026-03-31"}
    page = visitor.post(f"/opportunities/{deal}/move", filled, follow=True)
    assert "Deal is now in Proposal." in page.text
    assert "€1,200.00" in page.text


def test_a_guard_is_overridden_with_a_reason_only(visitor: Visitor, deal: str) -> None:
    address = f"/opportunities/{deal}/move"
    refused = visitor.post(address, {"to": "proposal", "override": "1"})
    assert (refused.status, "Say why" in refused.text) == (409, True)
    moved = visitor.post(
        address, {"to": "proposal", "override": "1", "reason": "The board asked"}, follow=True
    )
    assert "Deal is now in Proposal." in moved.text
    assert "The board asked" in visitor.get(f"/opportunities/{deal}/history").text


def test_a_move_from_a_page_that_is_out_of_date_is_refused(visitor: Visitor, deal: str) -> None:
    visitor.post(f"/opportunities/{deal}/move", {"to": "engaging", "_version": "1"})
    stale = visitor.post(f"/opportunities/{deal}/move", {"to": "prospecting", "_version": "1"})
    assert stale.status == 412
    assert "was changed by somebody else" in stale.text


# The board


def test_the_board_counts_and_sums_every_stage(visitor: Visitor, make: Make) -> None:
    for amount, currency in (("100", "EUR"), ("250", "EUR"), ("70", "USD")):
        make("opportunity", name=f"Deal {amount}", amount=amount, amount_currency=currency)
    head = column(visitor.get(BOARD), "prospecting")
    assert ">3<" in head
    assert "€350" in head
    assert "$70" in head


def test_a_card_moves_without_a_script(visitor: Visitor, deal: str) -> None:
    action = re.findall(r'action="([^"]*/move/[^"]+)" data-move-form', visitor.get(BOARD).html)[0]
    page = visitor.post(action, {"to": "engaging", "_version": "1"}, follow=True)
    assert "Deal is now in Engaging." in page.text
    assert "Deal" in column(page, "engaging")


def test_a_refused_card_leads_to_the_fields_and_back_to_the_board(visitor: Visitor, deal: str) -> None:
    refused = visitor.post(f"{BOARD}/move/{deal}", {"to": "won"})
    assert refused.status == 409
    assert "Account is needed for Won" in refused.text
    assert f'name="next" value="{BOARD}"' in refused.html


def test_htmx_gets_the_two_columns_that_changed(visitor: Visitor, deal: str) -> None:
    page = visitor.post(f"{BOARD}/move/{deal}", {"to": "engaging"}, htmx=True)
    assert "Deal" in column(page, "engaging")
    assert "Deal" not in column(page, "prospecting")
    assert 'id="col-proposal"' not in page.html
    assert page.html.count('hx-swap-oob="true"') == 3
    assert "Deal is now in Engaging." in page.text


def test_htmx_gets_the_card_back_with_every_reason(visitor: Visitor, deal: str) -> None:
    page = visitor.post(f"{BOARD}/move/{deal}", {"to": "proposal"}, htmx=True)
    assert page.status == 409
    assert all(reason in page.text for reason in REASONS)
    assert "Deal" in column(page, "prospecting")
    assert "Deal" not in column(page, "proposal").replace("Deal is", "")


def test_a_full_column_loads_more_by_and_by(visitor: Visitor, make: Make) -> None:
    for number in range(60):
        make("opportunity", name=f"Deal {number}")
    page = visitor.get(BOARD)
    found = set(re.findall(r'id="card-([^"]+)"', page.html))
    assert len(found) == 25
    while more := [link for link in page.links if "/cards?" in link]:
        page = visitor.get(more[0], htmx=True)
        found |= set(re.findall(r'id="card-([^"]+)"', page.html))
    assert len(found) == 60


def test_the_board_can_be_narrowed(visitor: Visitor, make: Make, admin: Visitor) -> None:
    make("opportunity", name="Mine")
    admin.post("/opportunities/new", {"name": "Theirs"})
    assert "Theirs" in visitor.get(BOARD).text
    assert "Theirs" not in visitor.get(f"{BOARD}?mine=1").text
    assert "Mine" not in visitor.get(f"{BOARD}?q=their").text


def test_an_unknown_pipeline_is_not_there(visitor: Visitor) -> None:
    page = visitor.get("/opportunities/board/nope")
    assert (page.status, "There are: new_business, renewal" in page.text) == (404, True)


def test_a_move_stands_in_the_timeline_by_the_names_of_its_stages(visitor: Visitor, deal: str) -> None:
    visitor.post(f"/opportunities/{deal}/move", {"to": "engaging"})
    assert "Stage : Prospecting → Engaging" in visitor.get(f"/opportunities/{deal}").text

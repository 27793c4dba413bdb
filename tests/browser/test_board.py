"""The board in a browser: by mouse, by keys, without a script, on a phone and from right to left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from tests.browser.conftest import Site

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


@pytest.fixture
def deal(site: Site) -> Iterator[tuple[str, str]]:
    """A card that the search on the board finds alone: its name and its id."""
    name = f"Deal {uuid4().hex[:8]}"
    id_ = site.make("opportunity", name=name)
    yield name, id_
    with site.tenon.records.writing(site.admin) as work:
        work.archive("opportunity", UUID(id_))


Deal = tuple[str, str]


def board(visit: Callable[..., Any], deal: Deal, **options: Any) -> Page:
    page: Page = visit(f"/opportunities/board/new_business?q={deal[0].split()[1]}", **options)
    return page


def stage_of(site: Site, deal: Deal) -> str:
    with site.tenon.records.reading(site.admin) as work:
        return str(work.get("opportunity", UUID(deal[1]))["stage"])


def drag(page: Page, card: Locator, target: Locator) -> None:
    """Drag as a hand does. Without the second small move the drop lands in the column before."""
    start, end = card.bounding_box(), target.bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 20, start["y"] + start["height"] - 6)
    page.mouse.down()
    page.mouse.move(end["x"] + 60, end["y"] + 40, steps=8)
    page.mouse.move(end["x"] + 64, end["y"] + 44, steps=3)
    page.mouse.up()


def test_a_card_is_dragged_to_the_next_stage(site: Site, visit: Callable[..., Page], deal: Deal) -> None:
    page = board(visit, deal)
    drag(page, page.locator(f"#card-{deal[1]}"), page.locator("#col-engaging [data-cards]"))
    page.locator(f"#col-engaging #card-{deal[1]}").wait_for()
    page.get_by_role("status").get_by_text("is now in Engaging").wait_for()
    assert stage_of(site, deal) == "engaging"
    # The columns are new: a card can be dragged again.
    drag(page, page.locator(f"#card-{deal[1]}"), page.locator("#col-prospecting [data-cards]"))
    page.get_by_role("status").get_by_text("is now in Prospecting").wait_for()


def test_a_refused_card_goes_back_and_offers_the_fields(
    site: Site, visit: Callable[..., Page], deal: Deal
) -> None:
    page = board(visit, deal)
    drag(page, page.locator(f"#card-{deal[1]}"), page.locator("#col-proposal [data-cards]"))
    panel = page.locator("#board-panel")
    panel.get_by_text("Amount is needed for Proposal").first.wait_for()
    assert page.locator(f"#col-prospecting #card-{deal[1]}").count() == 1
    panel.locator("[name=amount]").fill("1200")
    panel.locator("[name=close_date]").fill("2026-12-01")
    panel.get_by_role("button", name="Move", exact=True).click()
    page.locator(f"#col-proposal #card-{deal[1]}").wait_for()
    assert stage_of(site, deal) == "proposal"


@pytest.mark.parametrize(("locale", "key"), [("en", "ArrowRight"), ("ar", "ArrowLeft")])
def test_keys_move_a_card_towards_the_end_and_keep_it_in_focus(
    site: Site, visit: Callable[..., Page], deal: Deal, locale: str, key: str
) -> None:
    page = board(visit, deal, locale=locale)
    page.wait_for_load_state("networkidle")
    page.locator(f"#card-{deal[1]}").focus()
    page.wait_for_function("id => document.activeElement.id === `card-${id}`", arg=deal[1])
    page.keyboard.press(f"Shift+{key}")
    page.locator(f"#col-engaging #card-{deal[1]}").wait_for()
    assert stage_of(site, deal) == "engaging"
    page.wait_for_function("id => document.activeElement.id === `card-${id}`", arg=deal[1])


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_form_on_a_card_moves_it(
    site: Site, visit: Callable[..., Page], deal: Deal, size: str, script: bool
) -> None:
    page = board(visit, deal, size=size, script=script)
    card = page.locator(f"#card-{deal[1]}")
    card.locator("summary").click()
    card.locator("select").select_option("engaging")
    card.get_by_role("button", name="Move").click()
    page.locator(f"#col-engaging #card-{deal[1]}").wait_for()
    assert stage_of(site, deal) == "engaging"


def test_without_a_script_a_refusal_is_a_page_that_leads_back(
    site: Site, visit: Callable[..., Page], deal: Deal
) -> None:
    page = board(visit, deal, script=False)
    card = page.locator(f"#card-{deal[1]}")
    card.locator("summary").click()
    card.locator("select").select_option("won")
    card.get_by_role("button", name="Move").click()
    page.get_by_text("Account is needed for Won").first.wait_for()
    page.get_by_role("link", name="Cancel").click()
    page.locator(f"#col-prospecting #card-{deal[1]}").wait_for()

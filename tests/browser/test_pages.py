"""What scripts add to pages, and that pages do without them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.browser.conftest import Site

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., "Page"]


def test_the_slash_key_leads_to_the_search(visit: Visit) -> None:
    page = visit("/accounts")
    page.keyboard.press("/")
    page.keyboard.type("nord")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=nord")


def test_the_first_stop_of_the_tab_key_skips_to_the_content(visit: Visit) -> None:
    page = visit("/accounts")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "main"


def test_escape_closes_a_menu_and_gives_the_focus_back(visit: Visit) -> None:
    page = visit("/accounts")
    summary = page.locator("details.t-menu > summary", has_text="Filter")
    summary.click()
    page.get_by_label("Filter by").focus()
    page.keyboard.press("Escape")
    assert page.locator("details.t-menu[open]").count() == 0
    assert page.evaluate("() => document.activeElement.textContent.trim()") == "Filter"


def test_a_reference_is_chosen_by_keys(site: Site, visit: Visit) -> None:
    name = f"Combobox {uuid4().hex[:8]}"
    site.make("account", name=name)
    page = visit("/accounts/new")
    page.get_by_label("Name", exact=True).fill(f"Child of {name}")
    box = page.get_by_role("combobox", name="Parent account")
    box.fill(name[:14])
    page.get_by_role("option", name=name).wait_for()
    box.press("ArrowDown")
    box.press("Enter")
    assert box.input_value() == name
    page.get_by_role("button", name="Save").last.click()
    page.get_by_role("link", name=name).first.wait_for()


def test_a_reference_is_chosen_without_a_script(site: Site, visit: Visit) -> None:
    name = f"Plain {uuid4().hex[:8]}"
    site.make("account", name=name)
    page = visit("/accounts/new", script=False)
    page.get_by_label("Name", exact=True).fill(f"Child of {name}")
    page.get_by_label("Search for Parent account").fill(name)
    page.locator("button[name=_find][value=parent_id]").click()
    page.locator("select[name=parent_id]").select_option(label=name)
    page.get_by_role("button", name="Save").last.click()
    page.get_by_role("link", name=name).first.wait_for()


def test_a_mistake_in_a_form_takes_the_focus_to_its_summary(visit: Visit) -> None:
    page = visit("/accounts/new")
    page.get_by_role("button", name="Save").last.click()
    page.get_by_role("alert").get_by_text("Name is needed").wait_for()
    assert page.evaluate("() => document.activeElement.id") == "problems"
    page.get_by_role("alert").get_by_role("link").first.click()
    assert page.evaluate("() => document.activeElement.id") == "f-name"


def test_selecting_all_counts_what_is_selected(visit: Visit) -> None:
    page = visit("/accounts")
    rows = page.locator("input[name=id]").count()
    page.get_by_label("Select all on this page").check()
    page.get_by_text(f"Selected: {rows}").wait_for()


def test_the_next_page_is_added_below(visit: Visit) -> None:
    page = visit("/opportunities")
    before = page.locator("input[name=id]").count()
    page.get_by_role("link", name="Next page").click()
    page.wait_for_function("n => document.querySelectorAll('input[name=id]').length > n", arg=before)


def test_the_menu_of_a_phone_opens_without_a_script(visit: Visit) -> None:
    page = visit("/", size="phone", script=False)
    assert not page.get_by_role("link", name="Accounts").is_visible()
    page.get_by_role("link", name="Open the menu").click()
    page.get_by_role("link", name="Accounts").click()
    page.wait_for_url("**/accounts")


def test_what_a_move_needs_opens_on_the_record(site: Site, visit: Visit) -> None:
    deal = site.make("opportunity", name=f"Deal {uuid4().hex[:8]}")
    page = visit(f"/opportunities/{deal}")
    page.get_by_role("link", name="Move to Proposal").click()
    panel = page.locator("#move-panel")
    panel.locator("[name=amount]").fill("500")
    panel.locator("[name=close_date]").fill("2026-12-01")
    panel.get_by_role("button", name="Move", exact=True).click()
    page.get_by_role("status").get_by_text("is now in Proposal").wait_for()

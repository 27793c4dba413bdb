"""No page breaks a rule that axe-core knows, in English and Arabic, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import axe_playwright_python
import pytest

from tests.browser.conftest import Site

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
RUN = """async () => {
  const found = await axe.run(document, {resultTypes: ['violations']});
  return found.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 160)).join(' | '));
}"""
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

FIXED = (
    "/", "/my-day", "/approvals", "/search?q=a", "/search?q=zzzz", "/preferences", "/nothing-here",
    "/account", "/account/two-step", "/account/sessions", "/account/keys",
    "/accounts", "/accounts/new", "/accounts?add=revenue", "/accounts?filter[nope][eq]=1",
    "/accounts?filter[name][eq]=zzzz", "/opportunities?filter[close_date][within]=this_year&total=1",
    "/contacts", "/activities", "/tasks", "/orders", "/products", "/users", "/teams",
    "/opportunities/board/new_business", "/opportunities/new",
    "/imports", "/imports/new", "/settings", "/settings/fields", "/settings/fields/accounts/new",
    "/settings/people", "/settings/api-keys", "/settings/webhooks", "/settings/plugins", "/settings/health",
    "/settings/access-log",
)  # fmt: skip
OF_A_RECORD = ("opportunity", "account", "contact", "task", "activity", "order", "product", "user")
AROUND_A_RECORD = ("/edit", "/history", "/duplicates", "/move?to=proposal", "/move?to=lost")


def pages(site: Site) -> list[str]:
    deal = site.first("opportunity")
    records = [site.first(entity) for entity in OF_A_RECORD]
    return [*FIXED, *records, *(deal + more for more in AROUND_A_RECORD)]


COUNT = len(FIXED) + len(OF_A_RECORD) + len(AROUND_A_RECORD)
SLICE = 9


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, COUNT, SLICE))
@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("locale", ["en", "ar"])
def test_no_page_has_a_violation_or_is_wider_than_the_screen(
    site: Site, visit: Callable[..., Page], locale: str, size: str, start: int
) -> None:
    found: dict[str, Any] = {}
    page = visit("/", size=size, locale=locale)
    for path in pages(site)[start : start + SLICE]:
        page.goto(path)
        page.evaluate(AXE)
        wrong = page.evaluate(RUN)
        if wrong or page.evaluate(WIDER) > 0:
            found[path] = wrong or "wider than the screen"
    assert not found


def test_the_sign_in_page_has_no_violation(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/sign-in")
    page.evaluate(AXE)
    assert page.evaluate(RUN) == []


def test_the_page_with_the_secret_has_no_violation_and_fits_a_phone(visit: Callable[..., Page]) -> None:
    page = visit("/account/two-step", size="phone", locale="en")
    page.locator("main button[value=start]").click()
    page.locator("#secret").wait_for()
    picture = page.locator(".t-qr svg").bounding_box()
    assert picture is not None
    assert 150 < picture["width"] < 300
    page.evaluate(AXE)
    assert page.evaluate(RUN) == []
    assert page.evaluate(WIDER) <= 0


def test_the_check_finds_what_is_wrong(visit: Callable[..., Page]) -> None:
    page = visit("/")
    page.evaluate("() => document.querySelector('h1').insertAdjacentHTML('afterend', '<img src=\"/x.png\">')")
    page.evaluate(AXE)
    assert any(line.startswith("image-alt") for line in page.evaluate(RUN))

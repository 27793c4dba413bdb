"""The pages of access in a browser: reached by keys, without a violation, in English and Arabic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pyotp
import pytest

from tenon.demo import PASSWORD, SELLERS, seed
from tenon.identity import NewUser
from tenon.identity.actor import Actor, system
from tenon.settings import Settings
from tenon.testing.deployments import Deployments
from tests.browser.conftest import SIZES, Site, cookies_of, served
from tests.browser.test_accessibility import AXE, RUN, WIDER

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Visit = Callable[..., "Page"]
BASE = "/x/permissions"
FIXED = (
    f"{BASE}/", f"{BASE}/lines", f"{BASE}/field-sets", f"{BASE}/field-sets/kind?set=basic&kind=account",
    f"{BASE}/history", f"{BASE}/why", f"{BASE}/person", f"{BASE}/role?role=sales", f"{BASE}/role?role=admin",
    f"{BASE}/role/kind?role=sales&kind=*", f"{BASE}/role/kind?role=sales&kind=account",
    f"{BASE}/history/difference?before=1&after=2",
    "/territories", "/territories/new", "/territory-members", "/sharing-rules", "/sharing-rules/new",
    "/settings", "/settings/people", "/settings/teams", "/settings/second-steps", "/settings/access-log",
    "/settings/api-keys", "/account", "/account/two-step", "/account/sessions", "/account/keys",
)  # fmt: skip
OF_RECORDS = 11
SLICE = 8


@pytest.fixture(scope="module")
def site(tenon_deployments: Deployments) -> Iterator[Site]:
    """The demo under the suggested policy, with a territory, a rule, shares and refusals in it."""
    settings = Settings.for_tests(
        plugins=["b2b_accounts", "permissions"],
        access="policy",
        locale={"currency": "EUR"},
        limits={"sign_ins_per_minute": 10_000},
    )
    tenon = tenon_deployments.compose(settings)
    put_in_force(tenon)
    seed(tenon)
    with served(tenon) as found:
        fill(found)
        yield found
    tenon_deployments.discard(tenon)


def put_in_force(tenon: Any) -> None:
    """Two revisions: the suggested policy, and one with a set of fields and a denial more."""
    from dataclasses import replace

    from tenon.api import NamedFieldSet
    from tenon_permissions.defaults import default_document
    from tenon_permissions.line import Line

    policy, document = tenon.access.policy, default_document(tenon)
    policy.revisions.add(document, policy.names, system("test"))
    basic = NamedFieldSet("basic", "Basic", hide={"account": ("revenue",)})  # type: ignore[arg-type]
    more = Line("sales", "*", "account", "export", "all", "basic", "deny")
    second = replace(document, field_sets={"basic": basic}, lines=(*document.lines, more))
    policy.revisions.add(second, policy.names, system("test"), note="A set of fields")
    policy.changed()


def seller(site: Site) -> Actor:
    user = site.tenon.identity.users.find(str(SELLERS[0][0].email))
    found = site.tenon.identity.actor_for_user(user.id)
    assert found is not None
    return found


def fill(site: Site) -> None:
    """What makes the pages have something to show."""
    from tenon_permissions.sharing import Given, Sharing

    who = seller(site)
    assert who.id is not None
    territory = site.make("territory", name="North")
    site.make("territory_member", territory_id=territory, user_id=str(who.id))
    site.make("sharing_rule", name="All to the seller", entity="account", user_id=str(who.id), level="read")
    account = UUID(site.first("account").rsplit("/", 1)[1])
    until = datetime.now(UTC) + timedelta(days=9)
    Sharing(site.tenon).give(site.admin, "account", account, Given("user", who.id, until=until), via="web")
    site.tenon.access_log.flush()


@pytest.fixture(scope="module")
def signed_in_state(site: Site, browser: Browser) -> Any:
    return cookies_of(site, browser)


def of_records(site: Site) -> list[str]:
    account, deal, contact = site.first("account"), site.first("opportunity"), site.first("contact")
    id_ = account.rsplit("/", 1)[1]
    people = [site.first("user"), site.first("team")]
    return [
        account, deal, contact, *people,
        f"{BASE}{account}/shares", f"{BASE}/why?record=account:{id_}",
        f"{BASE}/why?record=account:{id_}&user={seller(site).id}&action=read",
        f"{BASE}/person?user={seller(site).id}",
        f"/settings/people/{seller(site).id}", f"/settings/teams/{site.first('team').rsplit('/', 1)[1]}",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, len(FIXED) + OF_RECORDS, SLICE))
@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("locale", ["en", "ar"])
def test_no_page_of_access_has_a_violation_or_is_wider_than_the_screen(
    site: Site, visit: Visit, locale: str, size: str, start: int
) -> None:
    found: dict[str, Any] = {}
    page = visit("/", size=size, locale=locale)
    every = [*FIXED, *of_records(site)]
    assert len(every) == len(FIXED) + OF_RECORDS
    for path in every[start : start + SLICE]:
        answer = page.goto(path)
        assert answer is not None
        if answer.status != 200:
            found[path] = answer.status
            continue
        page.evaluate(AXE)
        wrong = page.evaluate(RUN)
        if wrong or page.evaluate(WIDER) > 0:
            found[path] = wrong or f"{page.evaluate(WIDER)} pixels wider than the screen"
    assert not found


def tab_to(page: Page, name: str, presses: int = 80) -> None:
    """Press the tab key until the element of that name has the focus; fails where it never does."""
    text = "() => (document.activeElement.textContent || '').trim()"
    for _press in range(presses):
        page.keyboard.press("Tab")
        if name in page.evaluate(text):
            assert page.evaluate(VISIBLE), f"{name} has the focus and nobody sees it"
            return
    raise AssertionError(f"no tab stop is called {name}")


VISIBLE = """() => {
  const e = document.activeElement, style = getComputedStyle(e);
  return e.matches(':focus-visible') && (style.outlineStyle !== 'none' || style.boxShadow !== 'none');
}"""


def test_the_pages_of_access_are_reached_from_the_settings_by_keys(visit: Visit) -> None:
    page = visit("/settings")
    tab_to(page, "Access: roles and policy")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{BASE}/")
    tab_to(page, "Salesperson")
    page.keyboard.press("Enter")
    page.wait_for_url("**/role?role=sales")


def test_a_right_is_given_by_keys_after_what_it_would_do_was_shown(site: Site, visit: Visit) -> None:
    page = visit(f"{BASE}/role/kind?role=viewer&kind=account")
    policy: Any = site.tenon.access.policy
    before = policy.number
    page.locator("select[name='reach:update']").focus()
    page.keyboard.press("End")
    page.get_by_role("button", name="Look at what changes").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Activate").wait_for()
    page.evaluate(AXE)
    assert page.evaluate(RUN) == []
    assert policy.number == before
    page.get_by_role("button", name="Activate").focus()
    page.keyboard.press("Enter")
    page.get_by_role("status").first.wait_for()
    assert policy.number == before + 1


def test_a_record_is_shared_and_taken_away_by_keys(site: Site, visit: Visit) -> None:
    deal = site.make("opportunity", name="Shared by keys")
    page = visit(f"/opportunities/{deal}")
    page.get_by_label("With", exact=True).select_option(label="Jonas Weber")
    page.get_by_role("button", name="Share", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Take away Jonas Weber").wait_for()
    page.get_by_role("button", name="Take away Jonas Weber").focus()
    page.keyboard.press("Enter")
    page.get_by_text("With nobody yet").first.wait_for()


def test_why_somebody_sees_a_record_is_a_button_away(site: Site, visit: Visit) -> None:
    page = visit(site.first("account"))
    tab_to(page, "Access", presses=120)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{BASE}/why?record=account**")
    page.locator("main table, main li").get_by_text("Jonas Weber").first.wait_for()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("locale", ["en", "ar"])
def test_the_second_step_is_done_by_keys_and_has_no_violation(
    site: Site, browser: Browser, size: str, locale: str
) -> None:
    identity = site.tenon.identity
    email = f"{size}.{locale}@example.com"
    who = identity.create_user(NewUser("Twofold", email, locale=locale), PASSWORD)
    here = identity.sign_in(email, PASSWORD).secret
    app = pyotp.TOTP(identity.second_step.start(who).secret)
    now = site.tenon.clock.now()
    identity.second_step.confirm(who, app.at(now - timedelta(seconds=30)), here=here)
    context = browser.new_context(base_url=site.url, viewport=SIZES[size], locale=locale)  # type: ignore[arg-type]
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto("/sign-in?next=/account/sessions")
    for text in (email, PASSWORD):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in/code**")
    page.evaluate(AXE)
    assert page.evaluate(RUN) == []
    assert page.evaluate(WIDER) <= 0
    assert page.evaluate("() => document.activeElement.id") == "code"
    page.keyboard.type("000000")
    page.keyboard.press("Enter")
    page.locator("#code-error").wait_for()
    page.evaluate(AXE)
    assert page.evaluate(RUN) == []
    page.locator("#code").focus()
    page.keyboard.type(app.at(now))
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/sessions")
    assert [text for text in complaints if "Failed to load resource" not in text] == []
    context.close()

"""A real server with a demo in it, and somebody signed in at a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from tenon.app import Tenon, add_faces
from tenon.demo import ADMIN, PASSWORD, seed
from tenon.records.query import Query
from tenon.settings import Settings
from tenon.testing.deployments import Deployments

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}


class Quiet(WSGIRequestHandler):
    """Says nothing of requests."""

    def log(self, type: str, message: str, *args: Any) -> None:
        return


@dataclass(frozen=True)
class Site:
    """A deployment behind an address."""

    url: str
    tenon: Tenon

    def first(self, entity: str) -> str:
        """The address of some record's page."""
        with self.tenon.records.reading(self.admin) as work:
            record = work.page(entity, Query(size=1, sort=("created_at",))).data[0]
            return f"/{record.entity.collection}/{record.id}"

    def make(self, entity: str, /, **values: Any) -> str:
        """A new record; its id."""
        with self.tenon.records.writing(self.admin) as work:
            return str(work.create(entity, values).id)

    @property
    def admin(self) -> Any:
        user = self.tenon.identity.users.find(str(ADMIN.email))
        return self.tenon.identity.actor_for_user(user.id)


@pytest.fixture(scope="session")
def site(tenon_deployments: Deployments) -> Iterator[Site]:
    """The demo, served on a free port of this machine."""
    settings = Settings.for_tests(
        plugins=["b2b_accounts"], locale={"currency": "EUR"}, limits={"sign_ins_per_minute": 10_000}
    )
    tenon = tenon_deployments.compose(settings)
    seed(tenon)
    with served(tenon) as found:
        yield found
    tenon_deployments.discard(tenon)


@contextmanager
def served(tenon: Tenon) -> Iterator[Site]:
    """A deployment behind an address, with both faces."""
    add_faces(tenon)
    server = make_server("127.0.0.1", 0, tenon.app, threaded=True, request_handler=Quiet)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Site(f"http://127.0.0.1:{server.port}", tenon)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def signed_in_state(site: Site, browser: Browser) -> Any:
    """The cookies of an administrator who signed in once, by the form."""
    return cookies_of(site, browser)


def cookies_of(site: Site, browser: Browser) -> Any:
    """What a browser keeps once the administrator has signed in at a site."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site.url}/sign-in")
    page.get_by_label("E-mail").fill(str(ADMIN.email))
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/")
    state = context.storage_state()
    context.close()
    return json.loads(json.dumps(state))


@pytest.fixture
def visit(site: Site, browser: Browser, signed_in_state: Any) -> Iterator[Callable[..., Page]]:
    """Open a page: ``visit("/accounts", size="phone", locale="ar", script=False)``.

    A console error, among them anything that the content security policy stopped, fails the test.
    """
    opened: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(path: str, *, size: str = "desktop", locale: str = "en", script: bool = True) -> Page:
        context = browser.new_context(
            base_url=site.url,
            viewport=SIZES[size],  # type: ignore[arg-type]
            has_touch=size == "phone",
            java_script_enabled=script,
            storage_state=signed_in_state,
        )
        context.set_default_timeout(15_000)
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if locale != "en":
            page.goto("/preferences")
            with page.expect_navigation():
                page.locator(f"header button[name=locale][value={locale}]").dispatch_event("click")
        page.goto(path)
        return page

    yield open_page
    for context in opened:
        context.close()
    wrong = [text for text in complaints if "Failed to load resource" not in text]
    assert not wrong

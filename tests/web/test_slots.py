"""What plugins show: where they may, in one call a page, and never at the price of the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tenon.app import Tenon, add_faces
from tenon.identity.actor import Actor
from tenon.settings import Settings
from tenon.testing.deployments import Deployments
from tenon.testing.people import PASSWORD, make_actor, sign_in
from tenon.testing.plugin_factory import PluginFactory
from tests.web.visitor import Visitor

CODE = '''
calls = []


def names(context):
    calls.append(len(context.records))
    return {record.id: f"<i>{record.title}</i>" for record in context.records}


def slow(context):
    calls.append("slow")
    return {"name": context.record.title}


def broken(context):
    raise RuntimeError("the secret cause")


class Shy:
    version = "shy"

    def allows(self, actor, action, entity):
        return action != "export"

    def scope(self, actor, action, entity, table):
        return None

    def branches(self, actor, action, entity, table):
        return ()

    def fields(self, actor, action, entity):
        from tenon.access import ALL_FIELDS

        return ALL_FIELDS

    def explain(self, actor, action, entity, record):
        return []


@hookimpl
def access_policy(tenon):
    return Shy()


@hookimpl
def slots():
    return [
        Slot("shout", "list.column", _("Shout"), render=names, entity="contact"),
        Slot("greeting", "record.panel", _("Greeting"), render=lambda c: {"name": c.record.title},
             template="made_show/greeting.html", entity="contact"),
        Slot("slow", "record.panel", _("Slow"), render=slow, template="made_show/greeting.html", lazy=True),
        Slot("broken", "record.panel", _("Broken"), render=broken, template="made_show/greeting.html"),
        Slot("secret", "record.panel", _("Secret"), template="made_show/greeting.html",
             permission="contact:export"),
        Slot("badge", "record.badge", _("Badge"), render=lambda c: {"text": "VIP", "color": "green"}),
        Slot("bad_badge", "record.badge", _("Badge"), render=broken),
        Slot("menu", "menu.item", _("Show room"), url="/x/show/room", render=lambda c: {"badge": "7"}),
        Slot("act", "record.action", _("Greet"), url="/x/show/greet/{id}"),
        Slot("widget", "home.widget", _("Widget"), render=broken, template="made_show/greeting.html"),
        Slot("find", "search.provider", _("Elsewhere"),
             render=lambda c: [{"title": "Found " + c.query, "url": "/x/show/room", "hint": "there"}]),
        Slot("page", "settings.page", _("Show settings"), template="made_show/greeting.html"),
    ]
'''  # fmt: skip
TEMPLATE = "<p>Hello {{ name }}</p>"


@pytest.fixture
def showing(
    plugin_factory: PluginFactory, tenon_deployments: Deployments, clock: object
) -> Iterator[tuple[Tenon, Visitor, list[object]]]:
    """A deployment with a plugin that shows something everywhere, and somebody at it."""
    plugin_factory.make("show", CODE, files={"templates/made_show/greeting.html": TEMPLATE})
    settings = Settings.for_tests(plugins=["show"], access="policy")
    tenon = tenon_deployments.compose(settings, "sqlite", clock)  # type: ignore[arg-type]
    add_faces(tenon)
    actor: Actor = make_actor(tenon, name="Anna", email="anna@example.com", password=PASSWORD, admin=True)
    client = tenon.app.test_client()
    sign_in(tenon, client, str(actor.email))
    # Loaded plugins are kept from test to test, and what they noted with them.
    calls: list[object] = getattr(tenon.plugins.get("show"), "module").calls  # noqa: B009
    calls.clear()
    yield tenon, Visitor(client), calls
    tenon_deployments.discard(tenon)


Showing = tuple[Tenon, Visitor, list[object]]


@pytest.fixture
def contact(showing: Showing) -> str:
    visitor = showing[1]
    made = [visitor.post("/contacts/new", {"last_name": name}).location for name in ("Curie", "Noether")]
    return made[0]


def test_a_column_is_asked_once_for_the_whole_page(showing: Showing, contact: str) -> None:
    _tenon, visitor, calls = showing
    page = visitor.get("/contacts")
    assert calls == [2]
    assert "&lt;i&gt;Curie&lt;/i&gt;" in page.html


def test_a_panel_shows_its_template_and_a_broken_one_says_so(showing: Showing, contact: str) -> None:
    page = showing[1].get(contact)
    assert page.status == 200
    assert "Hello Curie" in page.text
    assert "This part could not be shown" in page.text
    assert "the secret cause" not in page.html
    assert "Timeline" in page.text


def test_a_lazy_panel_comes_by_itself(showing: Showing, contact: str) -> None:
    _tenon, visitor, calls = showing
    page = visitor.get(contact)
    assert "slow" not in calls
    address = next(link for link in page.links if "/panel/" in link)
    assert "Hello Curie" in visitor.get(address, htmx=True).text
    assert "slow" in calls


def test_what_one_may_not_see_is_not_there(showing: Showing, contact: str) -> None:
    visitor = showing[1]
    assert "Secret" not in visitor.get(contact).text
    assert visitor.get(f"{contact}/panel/show.secret").status == 404
    assert visitor.get(f"{contact}/panel/show.nobody").status == 404


def test_badges_actions_and_menu_items_stand_in_their_places(showing: Showing, contact: str) -> None:
    page = showing[1].get(contact)
    assert "VIP" in page.text
    assert f"/x/show/greet/{contact.rpartition('/')[2]}" in page.links
    assert "/x/show/room" in page.links
    assert ">7</span>" in page.html


def test_search_and_settings_have_places_too(showing: Showing) -> None:
    visitor = showing[1]
    assert "Found gold" in visitor.get("/search?q=gold").text
    page = visitor.get("/settings")
    own = next(link for link in page.links if "/settings/plugin/" in link)
    assert "Hello" in visitor.get(own).text


def test_a_broken_widget_leaves_the_home_page_whole(showing: Showing, contact: str) -> None:
    page = showing[1].get("/")
    assert (page.status, "This part could not be shown" in page.text) == (200, True)
    assert "Changed lately" in page.text

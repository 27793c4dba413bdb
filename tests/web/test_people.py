"""People and teams in the settings: edited, moved, given roles; a tree and a chart that can be read."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from tenon.app import Tenon
from tenon.identity import NewUser, system
from tenon.identity.actor import Actor
from tests.web.visitor import Visitor

Make = Callable[..., str]
PAGES = ("/people", "/teams")


@pytest.fixture
def ben(tenon: Tenon, actor: Actor) -> str:
    """Ben, who reports to Anna."""
    return str(tenon.identity.create_user(NewUser("Ben", "ben@example.com", manager_id=actor.id)))


@pytest.mark.parametrize("page", PAGES)
def test_only_administrators_see_people_and_teams(visitor: Visitor, admin: Visitor, page: str) -> None:
    assert visitor.get(f"/settings{page}").status == 403
    assert visitor.post(f"/settings{page}", {"name": "X"}).status == 403
    assert admin.get(f"/settings{page}").status == 200
    assert f"/settings{page}" in admin.get("/settings").links


def test_a_person_is_moved_and_renamed(admin: Visitor, tenon: Tenon, actor: Actor, ben: str) -> None:
    page = admin.get(f"/settings/people/{ben}")
    assert "Reports to Anna" in page.text
    sent = {
        "action": "save",
        "version": "1",
        "name": "Benno",
        "title": "Seller",
        "manager_id": "",
        "team_id": "",
    }
    assert admin.post(page_of(ben), sent).status == 303
    assert "Reports to Nobody." in admin.get(page_of(ben)).text
    assert tenon.identity.org.people_below(actor.id) == {actor.id}  # type: ignore[arg-type]
    history = admin.get(f"/users/{ben}/history").text
    assert "Benno" in history
    assert "Ada" in history


def page_of(user: str) -> str:
    return f"/settings/people/{user}"


def test_a_circle_is_refused_with_a_sentence_and_the_form_keeps_what_was_sent(
    admin: Visitor, actor: Actor, ben: str
) -> None:
    sent = {"action": "save", "name": "Anna Maria", "manager_id": ben}
    page = admin.post(page_of(str(actor.id)), sent)
    assert page.status == 422
    assert "Anna Example reports to Ben, who reports to Anna Example" in page.text
    assert 'value="Anna Maria"' in page.html
    assert f'value="{ben}" selected' in page.html


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(admin: Visitor, ben: str) -> None:
    sent = {"action": "save", "version": "1", "name": "Benno"}
    assert admin.post(page_of(ben), sent).status == 303
    late = admin.post(page_of(ben), {**sent, "name": "Benedict"})
    assert (late.status, "changed by somebody else" in late.text) == (412, True)


def test_roles_are_given_and_the_history_tells(admin: Visitor, tenon: Tenon, ben: str) -> None:
    assert admin.post(page_of(ben), {"action": "access", "more_roles": "sales, desk"}).status == 303
    assert tenon.identity.users.find("ben@example.com").roles == ("desk", "sales")
    assert len(re.findall(r'name="roles" value="\w+" checked', admin.get(page_of(ben)).html)) == 2
    admin.post(page_of(ben), {"action": "access", "roles": "sales"})
    assert tenon.identity.users.find("ben@example.com").roles == ("sales",)
    assert "Roles" in admin.get(f"/users/{ben}/history").text


def test_a_new_password_is_shown_once_and_stands_in_the_history_without_it(
    admin: Visitor, tenon: Tenon, ben: str
) -> None:
    page = admin.post(page_of(ben), {"action": "password"})
    password = re.search(r"<code[^>]*>([^<]+)</code>", page.html)
    assert password is not None
    assert tenon.identity.sign_in("ben@example.com", password[1]).user_id
    history = admin.get(f"/users/{ben}/history")
    assert "New password · Ada" in history.text
    assert password[1] not in history.html


def test_nobody_takes_their_own_rights(admin: Visitor, tenon: Tenon) -> None:
    me = str(tenon.identity.users.find("ada@example.com").id)
    for action in ("disable", "demote", "access"):
        assert admin.post(page_of(me), {"action": action}).status == 409


def test_a_team_is_made_moved_led_and_archived(admin: Visitor, tenon: Tenon, actor: Actor, ben: str) -> None:
    assert admin.post("/settings/teams", {"name": "Sales", "manager_id": str(actor.id)}).status == 303
    assert admin.post("/settings/teams", {"name": "North"}).status == 303
    with tenon.records.reading(system("test")) as work:
        sales, north = (work.find("team", name=name) for name in ("Sales", "North"))
    assert sales is not None
    assert north is not None
    moved = {"action": "save", "name": "North", "parent_id": str(sales.id), "manager_id": ben}
    assert admin.post(f"/settings/teams/{north.id}", moved).status == 303
    page = admin.get("/settings/teams")
    assert page.text.index("Sales") < page.text.index("North")
    circle = admin.post(f"/settings/teams/{sales.id}", {"name": "Sales", "parent_id": str(north.id)})
    assert circle.status == 422
    assert "Sales belongs to North, which belongs to Sales" in circle.text
    assert admin.post(f"/settings/teams/{north.id}", {"action": "archive"}).status == 303
    tree = admin.get("/settings/teams").html.partition('id="teams-title"')[2].partition("</section>")[0]
    assert "Sales" in tree
    assert "North" not in tree


def test_a_team_without_a_name_says_so(admin: Visitor) -> None:
    page = admin.post("/settings/teams", {"name": "", "region": "EMEA"})
    assert page.status == 422
    assert 'value="EMEA"' in page.html


def test_a_thousand_people_can_be_read(admin: Visitor, tenon: Tenon) -> None:
    with tenon.records.writing(system("test")) as work:
        boss = work.create("user", {"name": "Boss"}).id
        leads = [work.create("user", {"name": f"Lead {n}", "manager_id": boss}).id for n in range(20)]
        people = [{"name": f"Person {n}", "manager_id": leads[n % 20]} for n in range(1000)]
        work.bulk_create("user", people)
    page = admin.get("/settings/teams")
    chart = page.html.partition('id="chart-title"')[2].partition("</section>")[0]
    assert "1,020 below" in page.text
    assert chart.count("<details") == chart.count("</details>") == 21
    assert chart.count("<li>") == chart.count("</li>") > 1020
    assert chart.count("<ul") == chart.count("</ul>") == 22
    assert chart.count(" open>") == 1


def test_a_circle_in_the_data_does_not_hide_anybody(
    admin: Visitor, tenon: Tenon, actor: Actor, ben: str
) -> None:
    with tenon.storage.writing() as connection:
        table = sa.table("identity_user", sa.column("id"), sa.column("name"), sa.column("manager_id"))
        connection.exec_driver_sql(
            "update identity_user set manager_id = (select id from identity_user where name = 'Ben') "
            "where name = 'Anna'"
        )
        assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()
    chart = admin.get("/settings/teams").text.partition("Who reports to whom")[2]
    assert chart.index("Anna") < chart.index("Ben")

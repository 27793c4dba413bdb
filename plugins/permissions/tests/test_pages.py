"""The pages of access, as an administrator without JavaScript uses them."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tenon.api import system
from tenon.testing.people import PASSWORD, sign_in
from tenon_permissions.line import Line

BASE = "/x/permissions"
PLACES = ("/", "/lines", "/field-sets", "/history", "/why", "/person", "/role?role=sales", "/role?role=admin",
          "/role/kind?role=sales&kind=*", "/role/kind?role=sales&kind=account",
          "/role/kind?role=admin&kind=**")  # fmt: skip


class Browser:
    """Reads pages and sends their forms."""

    def __init__(self, client) -> None:
        self.client = client
        self.text = ""
        self.status = 0

    def open(self, path: str):
        return self.took(self.client.get(path if path.startswith(BASE) else BASE + path))

    def send(self, path: str, **values):
        values.setdefault("csrf_token", self.hidden("csrf_token"))
        values.setdefault("after", self.hidden("after"))
        return self.took(self.client.post(BASE + path, data=values))

    def took(self, response):
        self.status, self.text = response.status_code, response.get_data(as_text=True)
        self.location = response.headers.get("Location")
        return self

    def hidden(self, name: str) -> str:
        found = re.findall(rf'name="{name}" value="([^"]*)"', self.text)
        return unescape(found[0]) if found else ""

    @property
    def words(self) -> str:
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.text)).split())

    def activate(self):
        return self.send("/activate", proposal=self.hidden("proposal"), note="because")


@pytest.fixture
def tenon_database():
    return "sqlite"


@pytest.fixture
def ada(sales, tenon, client) -> Browser:
    sales.tenon.identity.users.set_password(sales.ada.id, PASSWORD)
    sign_in(tenon, client, str(sales.ada.email))
    return Browser(client)


@pytest.fixture
def rita(sales, tenon, client) -> Browser:
    sales.tenon.identity.users.set_password(sales.rita.id, PASSWORD)
    sign_in(tenon, client, str(sales.rita.email))
    return Browser(client)


def lines(sales) -> set[str]:
    return {str(line) for line in sales.policy.snapshot.document.lines}


@pytest.mark.parametrize("place", PLACES)
def test_every_page_opens(ada, place):
    assert ada.open(place).status == 200
    assert "style=" not in ada.text
    assert "<script>" not in ada.text


@pytest.mark.parametrize("place", PLACES)
def test_nobody_but_administrators_sees_them(rita, place):
    assert rita.open(place).status == 403
    assert "Only administrators" in rita.text


def test_who_is_not_signed_in_is_led_to_the_sign_in(sales, client):
    assert client.get(f"{BASE}/").status_code in (302, 303)
    assert client.post(f"{BASE}/activate", data={}).status_code in (400, 401)


def test_a_form_without_its_token_changes_nothing(ada, sales):
    before = sales.policy.number
    ada.open("/role?role=sales")
    ada.send("/role/remove", role="viewer", csrf_token="")
    assert ada.status == 400
    assert sales.policy.number == before


def test_a_grid_of_drop_downs_becomes_lines_after_it_was_shown(ada, sales):
    sales.account("of rosa", "rosa")
    ada.open("/role/kind?role=sales&kind=account")
    ada.send(
        "/role/kind", **{"role": "sales", "kind": "account", "reach:read": "all", "also:update": "unowned"}
    )
    assert "2 people gain or lose something" in ada.words
    assert "2 people : 2 records" in ada.words
    assert "sales, *, account, read, all, all, allow" not in lines(sales)
    ada.activate()
    assert ada.status == 303
    assert {
        "sales, *, account, read, all, all, allow",
        "sales, *, account, update, unowned, all, allow",
    } <= lines(sales)
    assert sales.seen("rita") == ["of rosa"]
    assert "because" in ada.open("/history").words


def test_cells_that_are_emptied_take_their_lines_away_and_leave_special_ones(ada, sales):
    sales.activate("sales, *, account, read, team, all, allow", "sales, *, account, export, all, all, deny")
    ada.open("/role/kind?role=sales&kind=account")
    ada.send("/role/kind", role="sales", kind="account").activate()
    assert "sales, *, account, read, team, all, allow" not in lines(sales)
    assert "sales, *, account, export, all, all, deny" in lines(sales)


def test_a_role_is_added_as_a_copy_and_removed(ada, sales):
    ada.open("/")
    ada.send("/roles", name="support", label="Support", like="viewer").activate()
    assert "support, *, *, read, all, all, allow" in lines(sales)
    ada.open("/role?role=support")
    ada.send("/role/remove", role="support").activate()
    assert "support" not in sales.policy.snapshot.document.roles


def test_a_role_that_people_have_is_removed_with_a_warning(ada, sales):
    ada.open("/role?role=sales")
    assert "3 people have this role" in ada.send("/role/remove", role="sales").words


def test_the_roles_that_come_by_themselves_stay(ada, sales):
    ada.open("/role?role=viewer")
    assert ada.send("/role/remove", role="admin").status == 409
    assert ada.open("/role?role=viewer").send("/role/remove", role="everyone").status == 409


def test_a_special_line_is_added_and_taken_away(ada, sales):
    ada.open("/role?role=sales")
    values = {
        "sub": "sales",
        "eft": "deny",
        "act": "export",
        "obj": "account",
        "scope": "all",
        "fields": "all",
    }
    ada.send("/role/line", **values).activate()
    assert "sales, *, account, export, all, all, deny" in lines(sales)
    ada.open("/role?role=sales")
    assert "Forbids Export Accounts" in ada.words
    ada.send("/role/line", remove="1", dom="*", **values).activate()
    assert "sales, *, account, export, all, all, deny" not in lines(sales)


def test_the_policy_is_edited_as_a_file(ada, sales):
    ada.open("/lines")
    text = unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", ada.text, re.DOTALL)[1])
    row = '  ["sales", "*", "account", "read", "all", "all", "allow"],\n]\n\n[roles'
    ada.send("/lines", text=text.replace("]\n\n[roles", row, 1)).activate()
    assert "sales, *, account, read, all, all, allow" in lines(sales)


def test_a_file_with_errors_is_shown_again_with_the_lines_to_mend(ada, sales):
    ada.open("/lines")
    text = 'format = 1\nlines = [\n ["sales", "*", "account", "read", "owns", "all", "allow"],\n]\n'
    text += "[roles.sales]\n"
    ada.send("/lines", text=text)
    assert ada.status == 422
    assert "line 3 : There is no scope owns here; did you mean own?" in ada.words
    assert "owns" in re.search(r"<textarea[^>]*>(.*?)</textarea>", ada.text, re.DOTALL)[1]


def test_fields_are_chosen_by_ticking_them(ada, sales):
    ada.open("/field-sets")
    ada.send("/field-sets", name="few", label="Few").activate()
    ada.open("/field-sets/kind?set=few&kind=account")
    ada.send("/field-sets/kind", set="few", kind="account", shown=["name", "owner_id"], rest="0").activate()
    assert sales.policy.snapshot.document.field_sets["few"].show == {"account": ("owner_id", "name")}
    ada.open("/field-sets/kind?set=few&kind=account")
    kept = [f for f in re.findall(r'name="shown" value="([^"]*)"', ada.text) if f != "revenue"]
    ada.send("/field-sets/kind", set="few", kind="account", shown=kept, rest="1").activate()
    assert sales.policy.snapshot.document.field_sets["few"].hide == {"account": ("revenue",)}
    assert ada.open("/field-sets").send("/field-sets/remove", set="few").activate().status == 303


def test_two_administrators_do_not_overwrite_each_other(ada, sales):
    ada.open("/role?role=viewer").send("/role/remove", role="viewer")
    sales.activate("sales, *, account, read, team, all, allow")
    ada.activate()
    assert ada.status == 409
    assert "Somebody changed the policy in the meantime" in ada.words
    assert "viewer" in sales.policy.snapshot.document.roles


def test_a_form_from_before_another_change_is_refused(ada, sales):
    ada.open("/role?role=viewer")
    sales.activate("sales, *, account, read, team, all, allow")
    assert ada.send("/role/remove", role="viewer").status == 409


def test_an_earlier_policy_is_compared_and_gone_back_to(ada, sales):
    before = lines(sales)
    sales.activate("sales, *, account, read, all, all, allow")
    assert "+" in ada.open("/history/difference?before=1&after=2").words
    ada.open("/history")
    ada.send("/history/restore", number="1").activate()
    assert lines(sales) == before
    assert sales.policy.number == 3


def test_what_travels_in_the_form_is_no_door(ada, sales):
    before = sales.policy.number
    for wrong in ("", "!!!", "eJw=", "AAAA"):
        ada.open("/role?role=viewer")
        assert ada.send("/activate", proposal=wrong).status == 400
    assert sales.policy.number == before


def test_a_bomb_in_the_form_is_stopped(ada):
    import base64
    import zlib

    bomb = base64.b64encode(zlib.compress(b"[" + b" " * 100_000_000)).decode()
    ada.open("/role?role=viewer")
    assert ada.send("/activate", proposal=bomb).status == 400


def test_why_is_told_with_the_path_through_the_org_tree(ada, sales):
    id_ = sales.account("of rita", "rita")
    ada.open(f"/why?user={sales.max.id}&action=read&record=https://crm.example.com/accounts/{id_}?tab=1")
    assert "Max may: Rita owns it: Max → Rita" in ada.words
    ada.open(f"/why?user={sales.rosa.id}&record=account:{id_}")
    assert "Rosa may not: the record is in none of the scopes allowed" in ada.words


def test_who_can_see_it_is_listed_with_reasons(ada, sales):
    id_ = sales.account("of rita", "rita")
    ada.open(f"/why?record=accounts/{id_}")
    assert "4 people can" in ada.words
    for name in ("Rita", "Max", "Bea", "Ada"):
        assert f"{name} " in ada.words
    assert "Rosa" not in ada.words.partition("4 people can")[2]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("record=nonsense", 400),
        ("record=account:01a203b2-2a68-78ed-8b13-0650d49a5271", 404),
        ("record=account:01a203b2-2a68-78ed-8b13-0650d49a5271&action=fly", 400),
        ("record=account:01a203b2-2a68-78ed-8b13-0650d49a5271&user=x", 404),
    ],
)
def test_a_question_that_cannot_be_answered_says_what_is_wrong(ada, query, status):
    assert ada.open(f"/why?{query}").status == status
    assert 'role="alert"' in ada.text


def test_a_person_is_checked_with_what_they_see(ada, sales):
    sales.account("of rita", "rita")
    sales.account("of rosa", "rosa")
    ada.open(f"/person?user={sales.rita.id}")
    assert "Accounts 1 of 2" in ada.words
    assert "Salesperson" in ada.words


def test_a_records_page_leads_administrators_to_why(ada, sales, tenon):
    id_ = sales.account("of rita", "rita")
    link = f"{BASE}/why?record=account:{id_}"
    assert link in ada.took(ada.client.get(f"/accounts/{id_}")).text


def test_a_records_page_leads_nobody_else_there(rita, sales):
    id_ = sales.account("of rita", "rita")
    assert "/why?record" not in rita.took(rita.client.get(f"/accounts/{id_}")).text


def test_the_settings_lead_there(ada):
    assert f'href="{BASE}/"' in ada.took(ada.client.get("/settings")).text


@pytest.mark.parametrize("name", ["a/b", "<b>x</b>", "naïve, admin", "销售", '"', "a&b=c?d#e", "x" * 60])
def test_a_role_of_any_name_has_pages(ada, sales, name):
    ada.open("/")
    ada.send("/roles", name=name, like="viewer").activate()
    link = next(
        unescape(href)
        for href in re.findall(r'href="(/x/permissions/role\?role=[^"]*)"', ada.open("/").text)
        if ada.open(unescape(href)).status == 200 and f'value="{_escaped(name)}"' in ada.text
    )
    kind = next(h for h in re.findall(r'href="([^"]*/role/kind[^"]*)"', ada.open(link).text))
    assert ada.open(unescape(kind)).status == 200
    assert any(line.sub == name for line in sales.policy.snapshot.document.lines)


def _escaped(text: str) -> str:
    from markupsafe import escape

    return str(escape(text))


def test_without_a_policy_the_suggested_one_is_begun(tenon, as_role, client):
    admin = as_role(name="Ada", admin=True, email="ada@example.com", password=PASSWORD)
    sign_in(tenon, client, str(admin.email))
    browser = Browser(client)
    assert "There is no policy yet" in browser.took(client.get("/")).text
    browser.open("/").send("/begin").activate()
    assert tenon.access.policy.number == 1
    assert "There is no policy yet" not in browser.took(client.get("/")).text


def test_the_policy_can_be_downloaded(ada):
    assert ada.open("/policy.toml").text.startswith("# Who may do what.")


def test_a_policy_with_hostile_texts_is_shown_as_text(ada, sales):
    from dataclasses import replace

    from tenon_permissions.document import Role

    document = sales.policy.snapshot.document
    evil = '<script>alert(1)</script>"\n'
    roles = {**document.roles, "evil": Role("evil", evil, evil)}
    new = replace(
        document, roles=roles, lines=(*document.lines, Line("evil", "*", "*", "read", "own", "all", "allow"))
    )
    sales.policy.revisions.add(new, sales.policy.names, system("test"), note=evil)
    sales.policy.changed()
    for place in (*PLACES, "/role?role=evil", "/role/kind?role=evil&kind=*"):
        assert ada.open(place).status == 200
        assert "<script>alert" not in ada.text

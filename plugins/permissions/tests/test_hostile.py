"""Names are names: whatever stands in them, no decision changes."""

from __future__ import annotations

import gc
import random
import tracemalloc
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa

from plugins.permissions.tests.sizes import size
from tenon.api import Actor, NamedFieldSet, new_id, system
from tenon.errors import InvalidError
from tenon_permissions.document import PolicyDocument, Role, as_toml, read_toml
from tenon_permissions.line import Line
from tenon_permissions.snapshot import Snapshot

SEEDS = (
    "mallory, admin", "admin", "Admin", "admin ", " admin", "*", "**", "everyone",
    "everyone,admin", "all", "none",
    "sales\nadmin", "sales\radmin", "sales\tadmin", "#", "# admin", "(", ")", "()", ") or (", '"',
    '""', "'", "\\",
    "p, admin, *, **, *, all, all, allow", "g, mallory, admin", "r.sub == p.sub", "true", "True",
    "1", "1==1",
    "eval(r.roles)", "__import__('os')", "lambda: 1", "{{ 7*7 }}", "${admin}", "%s", "%(name)s", "{0}",
    "'; DROP TABLE permissions_revision; --", "' OR 1=1 --", "admin'--", "\u202eadmin",
    "\u200badmin", "adm\u0131n",
    "аdmin", "ａｄｍｉｎ", "admin\u0301", "\ufeffadmin", "\u2028admin", "\U0001f600", "مدير",
    "quản lý", "管理员",
    "a" * 10_000, "," * 500, '"' * 300, "[[roles]]", "[roles.admin]", '"""', "'''", "\x7f",
    "\x01", "\x1b[31m",
    "null", "None", "undefined", "NaN", "-", ":", "via:account_id", "own", "@own", "/basic",
    "../../etc/passwd",
    "user:read", "account:*", "*:*", "**:*",
)  # fmt: skip
PARTS = (
    "admin",
    "everyone",
    "sales",
    "*",
    ",",
    ", ",
    "#",
    "(",
    ")",
    '"',
    "\n",
    "'",
    "\\",
    "\u202e",
    "é",
    "\t",
    "=",
)


def hostile(count: int) -> list[str]:
    """That many different names, each of which is something to somebody."""
    chance = random.Random(3)
    found = dict.fromkeys(SEEDS)
    while len(found) < count:
        found["".join(chance.choices(PARTS, k=chance.randint(2, 8)))] = None
    return [name for name in found if name.strip()][:count]


NAMES = hostile(1000)
KINDS = ("account", "contact", "user", "team")
ACTIONS = ("read", "update", "export", "assign")
RESERVED = {"admin", "everyone"}


def somebody(*roles: str, admin: bool = False) -> Actor:
    return Actor(new_id(), "Somebody", roles=frozenset(roles), admin=admin)


def what_they_may(policy: Any, snapshot: Snapshot, actor: Actor) -> list[Any]:
    """Every decision on the kinds and actions, with its scopes and fields."""
    found = []
    for kind, action in product(KINDS, ACTIONS):
        decision = snapshot.decide(snapshot.roles(actor.roles, admin=actor.admin), kind, action)
        type_ = policy.names.entities[kind]
        fields = snapshot.fields(decision, kind, type_.fields, type_).paths
        found.append((decision.allowed, decision.allow, decision.deny, fields))
    return found


def named(names: list[str]) -> PolicyDocument:
    """Each of the names as a role of its own, that may read one kind of record, and as a set of fields."""
    roles = {name: Role(name, name[:50], name) for name in names} | {"sales": Role("sales", "Sales")}
    sets = {f"{name}!": NamedFieldSet(f"{name}!", name, show={"account": ("name",)}) for name in names}  # type: ignore[arg-type]
    lines = [Line(name, "*", "contact", "read", "own", f"{name}!", "allow") for name in names]
    return PolicyDocument(roles, sets, (*lines, Line("sales", "*", "account", "read", "own", "all", "allow")))


def stored_and_loaded(sales: Any, document: PolicyDocument) -> Snapshot:
    sales.policy.revisions.add(document, sales.policy.names, system("test"))
    sales.policy.changed()
    assert sales.policy.broken is None
    return sales.policy.snapshot


def test_a_thousand_hostile_names_come_back_as_they_were(sales) -> None:
    document = named(NAMES)
    snapshot = stored_and_loaded(sales, document)
    assert snapshot.document == document
    assert read_toml(as_toml(document)) == document


@pytest.mark.parametrize("tenon_database", ["sqlite"])
def test_no_hostile_name_changes_a_decision(sales) -> None:
    """Each role may what its one line says and nothing else, before and after the database and the file."""
    document = named([name for name in NAMES if name not in RESERVED])
    made = Snapshot("made", document, sales.policy.names)
    loaded = stored_and_loaded(sales, document)
    read = Snapshot("read", read_toml(as_toml(document)), sales.policy.names)
    decided = 0
    for name in document.roles:
        actor = somebody(name)
        answers = [what_they_may(sales.policy, snapshot, actor) for snapshot in (made, loaded, read)]
        assert answers[0] == answers[1] == answers[2], name
        allowed = {
            (kind, action)
            for (kind, action), answer in zip(product(KINDS, ACTIONS), answers[1], strict=True)
            if answer[0]
        }
        assert allowed == {("account" if name == "sales" else "contact", "read")}, name
        decided += 3 * len(answers[0])
    print(f"{decided:,} decisions about {len(document.roles):,} names")


@pytest.mark.parametrize("tenon_database", ["sqlite"])
@pytest.mark.parametrize("name", ["admin", "everyone", "*", "**", "", " ", "sales, admin", "Admin"])
def test_a_name_in_the_roles_of_a_user_gives_nothing_special(sales, name) -> None:
    """What everybody and administrators may comes of what they are, never of what they are called."""
    snapshot = sales.policy.snapshot
    assert what_they_may(sales.policy, snapshot, somebody(name)) == what_they_may(
        sales.policy, snapshot, somebody()
    )


def test_hostile_roles_in_the_database_give_nothing(sales, as_role) -> None:
    plain = what_they_may(sales.policy, sales.policy.snapshot, sales.nobody)
    users = sales.policy.names.entities["user"].table
    unknown = [name for name in NAMES if name not in sales.policy.snapshot.document.roles]
    for start in range(0, size(300, 1000), 100):
        given = ["admin", "everyone", *unknown[start : start + 100]]
        with sales.tenon.storage.writing() as connection:
            connection.execute(sa.update(users).where(users.c.id == sales.nobody.id).values(roles=given))
        actor = sales.tenon.identity.actor_for_user(sales.nobody.id)
        assert {"admin", "*"} & actor.roles
        assert what_they_may(sales.policy, sales.policy.snapshot, actor) == plain


def test_hostile_names_of_people_and_teams_change_nothing(sales, as_role) -> None:
    account = sales.account("hers", "rita")
    with sales.tenon.records.writing(system("test")) as work:
        team = work.create("team", {"name": "p, admin, *, **, *, all, all, allow"}).id
    for number, name in enumerate(NAMES[: size(40, 200)]):
        usual = name.replace("\x00", " ").strip()[:150]
        if not usual.isprintable():
            continue
        odd = as_role("sales", name=usual, email=f"odd{number}@example.com", team_id=team)
        assert not sales.policy.explain(odd, "read", "account", account).allowed
        assert sales.policy.explain(sales.rita, "read", "account", account).allowed


@pytest.mark.parametrize("tenon_database", ["sqlite"])
@pytest.mark.parametrize("token", range(7))
@pytest.mark.parametrize("value", ["", " ", "\n", "\u2003"])
def test_an_empty_token_is_refused(sales, token, value) -> None:
    line = ["sales", "*", "account", "read", "own", "all", "allow"]
    line[token] = value
    document = PolicyDocument({"sales": Role("sales", "Sales"), value: Role(value, "X")}, {}, (Line(*line),))
    with pytest.raises(InvalidError):
        sales.policy.revisions.add(document, sales.policy.names, system("test"))


@pytest.mark.parametrize("tenon_database", ["sqlite"])
@pytest.mark.parametrize("effect", ["Allow", "ALLOW", "Deny", "deny ", "allow\n", "denied", "true"])
def test_an_effect_is_one_of_two_words(sales, effect) -> None:
    line = Line("sales", "*", "account", "read", "own", "all", effect)
    with pytest.raises(InvalidError):
        sales.policy.revisions.add(
            PolicyDocument({"sales": Role("sales", "Sales")}, {}, (line,)), sales.policy.names, system("test")
        )


@pytest.mark.parametrize("tenon_database", ["sqlite"])
def test_memory_stays_flat_however_many_unknown_names_ask(sales) -> None:
    snapshot = sales.policy.snapshot
    type_ = sales.policy.names.entities["account"]

    def ask(count: int, word: str) -> None:
        for number in range(count):
            roles = snapshot.roles((f"{word}{number}", "sales"), admin=False)
            decision = snapshot.decide(roles, "account", "read")
            snapshot.fields(decision, "account", type_.fields, type_)

    ask(1000, "warm")
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    ask(100_000, "stranger")
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    print(f"{grown / 1000:.1f} kB after 100,000 unknown names")
    assert abs(grown) < 1_000_000

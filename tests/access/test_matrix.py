"""Every route of every enabled plugin, for every kind of person: nothing of others comes out.

The routes are those of the app itself, so that a plugin's are among them without being named here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import unified_diff
from uuid import uuid4

import pytest

from tenon.identity.actor import system
from tenon.settings import Settings
from tenon.testing.api_client import ApiClient
from tenon.testing.people import PASSWORD, make_actor, sign_in
from tenon.testing.samples import Samples
from tests.access.routes import pages, paths, rules

SECRET = "Zyxwquark"
PLUGINS = ["b2b_accounts", "permissions"]
CHANGING = {
    "PATCH": {"description": "x"},
    "PUT": {"description": "x"},
    "POST": {},
    "DELETE": None,
}
VARYING = re.compile(
    r'("X-CSRFToken": ?"[^"]*"|name="csrf_token" value="[^"]*"|"request_id": ?"[^"]*"|content="[\w.-]{40,}")'
)
IGNORED = {"date", "x-request-id", "set-cookie", "content-length"}


@dataclass
class World:
    """``foreign`` are ids by kind of record that the persona may not see; ``own`` those they may."""

    tenon: object
    people: dict[str, object]
    foreign: dict[str, str] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def tenon_settings() -> Settings:
    return Settings.for_tests(plugins=PLUGINS, access="policy")


@pytest.fixture
def world(tenon, tenon_app) -> World:
    from tenon_permissions.defaults import default_document

    policy = tenon.access.policy
    policy.revisions.add(default_document(tenon), policy.names, system("test"))
    policy.changed()
    people = {}
    for name, role, boss in (
        ("boss", "boss", None),
        ("director", "manager", "boss"),
        ("manager", "manager", "director"),
        ("rep", "sales", "manager"),
        ("stranger", "sales", "boss"),
    ):
        manager_id = people[boss].id if boss else None
        people[name] = make_actor(
            tenon, (role,), name=name.title(), email=f"{name}@example.com", password=PASSWORD,
            manager_id=manager_id,
        )  # fmt: skip
    found = World(tenon, people)
    found.foreign = records(found, "stranger", SECRET)
    found.own = records(found, "rep", "Plainly visible")
    return found


KEPT = ("language", "about_entity", "pipeline", "stage")


def records(world: World, owner: str, word: str) -> dict[str, str]:
    """A record of every kind of business, all about ``owner``'s own, with ``word`` in every text."""
    samples = Samples(world.tenon, system("test"))
    made: dict[str, str] = {}
    for type_ in world.tenon.records.registry:
        if type_.entity.administrative or type_.name == "party" or not (type_.owned or type_.entity.within):
            continue
        values = told(type_, samples.full(type_.name), made, word)
        if type_.owned:
            values["owner_id"] = str(world.people[owner].id)
        if "about_id" in type_.fields and "contact" in made:
            values.update(about_entity="contact", about_id=made["contact"])
        with world.tenon.records.writing(system("test")) as work:
            made[type_.name] = str(work.create(type_.name, values).id)
        if type_.entity.party:
            made["party"] = made[type_.name]
    return made


def told(type_, values: dict, made: dict[str, str], word: str) -> dict:
    """The values with ``word`` in their texts, and references to what was made before."""
    found = dict(values)
    for f in type_.writable:
        value = found.get(f.path)
        if f.kind in ("text", "long_text") and isinstance(value, str) and f.path not in KEPT:
            found[f.path] = f"{word} {value}"[: f.spec.max_length or 100]
        elif f.kind == "reference" and f.spec.to in made:
            found[f.path] = made[f.spec.to]
        elif f.kind == "reference" and not f.spec.required:
            found.pop(f.path, None)
    return found


def plain(response, id_: str):
    """An answer without what may differ: the id that was asked for, tokens, moments."""
    body = VARYING.sub("", response.get_data(as_text=True).replace(id_, "ID"))
    headers = {
        (k.lower(), v.replace(id_, "ID")) for k, v in response.headers.items() if k.lower() not in IGNORED
    }
    response.close()
    return response.status_code, body, headers


def differing(there, nowhere) -> list[str]:
    """The lines and headers that are not in both answers."""
    lines = unified_diff(nowhere[1].splitlines(), there[1].splitlines(), lineterm="", n=0)
    return [*lines, *(f"{k}: {v}" for k, v in there[2] ^ nowhere[2])][:20]


def asked(client, method: str, address: str, headers: dict[str, str], api: bool):
    body = CHANGING.get(method)
    if not api:
        data = {} if method != "GET" else None
        site = {"Sec-Fetch-Site": "same-origin", "X-CSRFToken": headers.get("X-CSRFToken", "")}
        return client.open(address, method=method, data=data, headers=site)
    headers = {k: v for k, v in headers.items() if k == "Authorization"}
    more = {"If-Match": '"1"'} if method in ("PATCH", "DELETE", "PUT") else {}
    if method == "PATCH":
        more["Content-Type"] = "application/merge-patch+json"
    return client.open(address, method=method, json=body, headers={**headers, **more})


def visitor(world: World, persona: str):
    """A client and the headers of somebody: a browser for pages, a key for the API."""
    client = world.tenon.app.test_client()
    if persona == "anonymous":
        return client, {}
    name, _colon, scopes = persona.partition(":")
    if scopes or name == "key":
        _row, secret = world.tenon.identity.create_api_key(world.people["rep"].id, "k", scopes=["*:read"])
        return client, {"Authorization": f"Bearer {secret}"}
    actor = world.people[name]
    sign_in(world.tenon, client, str(actor.email))
    _row, secret = world.tenon.identity.create_api_key(actor.id, "k")
    token = re.search(r'"X-CSRFToken": ?"([^"]+)"', client.get("/").text)
    return client, {"Authorization": f"Bearer {secret}", "X-CSRFToken": token[1] if token else ""}


@pytest.mark.parametrize("persona", ["anonymous", "rep", "manager", "director", "key"])
def test_a_foreign_id_answers_as_an_absent_one(world, persona):
    client, headers = visitor(world, persona)
    differences, count = [], 0
    for rule, method in rules(world.tenon):
        api = rule.rule.startswith("/api/")
        if persona == "key" and not api:
            continue
        for name, address in paths(world.tenon, rule, world.foreign):
            foreign, absent = world.foreign[name], str(uuid4())
            count += 1
            there = plain(asked(client, method, address, headers, api), foreign)
            nowhere = plain(asked(client, method, address.replace(foreign, absent), headers, api), absent)
            if there != nowhere:
                differences.append((method, address, there[0], nowhere[0], *differing(there, nowhere)))
            if SECRET in there[1]:
                differences.append((method, address, "leaks"))
    assert not differences, "\n".join(map(str, differences))
    assert count > 100


def test_the_matrix_meets_what_is_there(world):
    """The control: for the boss those very addresses answer."""
    client, headers = visitor(world, "boss")
    found = [
        asked(client, "GET", address, headers, rule.rule.startswith("/api/")).status_code
        for rule, method in rules(world.tenon)
        if method == "GET"
        for name, address in paths(world.tenon, rule, world.foreign)
    ]
    assert found.count(200) > len(found) * 0.6, found


QUERIES = (
    "", "?total=true", "?page[size]=1&total=true", f"?search={SECRET}", f"?filter[name][contains]={SECRET}",
    "?sort=-id", "?include=owner_id", "?archived=all",
)  # fmt: skip


@pytest.mark.parametrize("persona", ["rep", "manager", "director", "key"])
def test_no_list_holds_anything_of_others(world, persona):
    client, headers = visitor(world, persona)
    leaks = []
    ids = set(world.foreign.values())
    for type_ in world.tenon.records.registry:
        if type_.name not in world.foreign:
            continue
        for query in QUERIES:
            answer = client.get(f"/api/v1/{type_.collection}{query}", headers=headers)
            text = answer.get_data(as_text=True)
            if (SECRET in text and answer.status_code == 200) or any(id_ in text for id_ in ids):
                leaks.append((type_.collection, query, text[:300]))
        for path, body in (
            ("search", {"filter": {"field": "id", "op": "in", "value": sorted(ids)}}),
            ("sums", {"by": ["owner_id"] if type_.owned else ["created_by"]}),
        ):
            text = client.post(f"/api/v1/{type_.collection}/{path}", json=body, headers=headers).text
            if any(id_ in text for id_ in ids) or str(world.people["stranger"].id) in text:
                leaks.append((type_.collection, path, text[:300]))
    text = client.get(f"/api/v1/search?q={SECRET}", headers=headers).text
    if any(id_ in text for id_ in ids):
        leaks.append(("search", "", text[:300]))
    assert leaks == []


@pytest.mark.parametrize("persona", ["rep", "manager", "director"])
def test_no_page_holds_anything_of_others(world, persona):
    client, _headers = visitor(world, persona)
    leaks, count = [], 0
    for rule, method in rules(world.tenon):
        if method != "GET" or rule.rule.startswith("/api/"):
            continue
        for address in pages(world.tenon, rule):
            with client.get(address) as answer:
                text = answer.get_data(as_text=True)
            count += 1
            if SECRET in text or any(id_ in text for id_ in world.foreign.values()):
                leaks.append(address)
    assert leaks == []
    assert count > 30


def test_the_api_client_is_somebody(world):
    assert ApiClient.of(world.tenon, world.people["rep"]).get("/me")["name"] == "Rep"

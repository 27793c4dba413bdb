"""A policy is swapped whole, a broken one leaves the last good one, and without one nobody gets in."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle, product
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import sqlalchemy as sa
from casbin import Enforcer
from casbin.model import Model
from casbin.persist import Adapter

from plugins.permissions.tests.sizes import size
from tenon.api import Query, system
from tenon.app import create_tenon
from tenon.errors import ForbiddenError, UnavailableError
from tenon_permissions.decision import MODEL, covers
from tenon_permissions.document import PolicyDocument, Role
from tenon_permissions.line import Line
from tenon_permissions.models import Revision
from tenon_permissions.snapshot import Snapshot
from tests.fixtures.databases import administer, as_psycopg

THREADS, RELOADS = 8, 60
DECISIONS = size(12_000, 110_000)


def document(*lines: str) -> PolicyDocument:
    roles = {key: Role(key, key.title()) for key in ("everyone", "sales", "manager", "boss", "admin")}
    return PolicyDocument(
        roles, {}, tuple(Line(*line.split()) for line in (*lines, "admin * ** * all all allow"))
    )


# They differ in what is allowed, in rows and in fields, and each shows less where it shows more.
MANY_ROWS = document(
    "sales * account read all few allow",
    "sales * contact read own all allow",
    "manager * account * subtree all allow",
    "manager * * export all all deny",
    "boss * task read all all allow",
)
MANY_FIELDS = document(
    "sales * account read own all allow",
    "sales * opportunity * granted all allow",
    "manager * account read all all allow",
    "boss * * * all all allow",
    "boss * task * all all deny",
)


@pytest.fixture
def two(sales):
    """Two policies to go back and forth between."""
    from tenon.api import NamedFieldSet

    few = {"few": NamedFieldSet("few", "Few", show={"account": ("name",)})}  # type: ignore[arg-type]
    return [PolicyDocument(d.roles, few, d.lines) for d in (MANY_ROWS, MANY_FIELDS)]


def activate(policy: Any, new: PolicyDocument) -> None:
    policy.revisions.add(new, policy.names, system("test"))
    policy.changed()


class Asking:
    """Asks everything of everybody, again and again, and compares with what the two policies say."""

    def __init__(self, sales: Any, documents: list[PolicyDocument]) -> None:
        self.policy = sales.policy
        kinds = ("account", "contact", "opportunity", "task")
        self.questions = list(product(sales.people.values(), kinds, ("read", "update", "export")))
        self.right = [self.answers(Snapshot(str(n), d, self.policy.names)) for n, d in enumerate(documents)]
        self.wrong: list[str] = []
        self.seen: set[int] = set()

    def answers(self, snapshot: Snapshot) -> list[Any]:
        from tenon_permissions.held import Held

        return [self.answer(Held(self.policy, snapshot), *question) for question in self.questions]

    def answer(self, held: Any, actor: Any, kind: str, action: str) -> Any:
        table = self.policy.names.entities[kind].table
        decision = held.decision(actor, kind, action)
        return (
            held.allows(actor, action, kind),
            str(held.scope(actor, action, kind, table)),
            held.fields(actor, action, kind).paths,
            [
                decision.allows(kind, action, lambda scope, _eft, one=one: scope == one)
                for one in ("own", "all")
            ],
        )

    def ask(self, count: int, stop: Event) -> int:
        asked = 0
        for place, question in cycle(enumerate(self.questions)):
            if stop.is_set() and asked >= count:
                return asked
            try:
                found = self.answer(self.policy.held(), *question)
            except Exception as error:
                self.wrong.append(repr(error))
                return asked
            fits = [number for number, right in enumerate(self.right) if right[place] == found]
            if not fits:
                self.wrong.append(f"{question[0].name} {question[2]} {question[1]}: {found}")
            self.seen.update(fits if len(fits) == 1 else ())
            asked += 1
        return asked


@contextmanager
def eager_threads():
    """Threads take turns a hundred times as often as they would."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.timeout(size(600, 7200))
def test_no_decision_is_wrong_while_the_policy_is_reloaded(sales, two) -> None:
    activate(sales.policy, two[0])
    asking, stop = Asking(sales, two), Event()
    with eager_threads(), ThreadPoolExecutor(THREADS) as pool:
        lanes = [pool.submit(asking.ask, DECISIONS // THREADS, stop) for _thread in range(THREADS)]
        for number in range(RELOADS):
            activate(sales.policy, two[(number + 1) % 2])
            time.sleep(0.01)
        stop.set()
        asked = sum(lane.result() for lane in lanes)
    print(f"{asked:,} decisions during {RELOADS} reloads, {len(asking.wrong)} wrong")
    assert asking.wrong == []
    assert asked >= DECISIONS
    assert asking.seen == {0, 1}


class Lines(Adapter):
    """Gives a plain enforcer one policy and then another."""

    def __init__(self, lines: Any) -> None:
        self.lines = lines

    def load_policy(self, model: Any) -> None:
        for line in self.lines:
            model.add_policy("p", "p", list(line))


def test_a_plain_enforcer_that_is_reloaded_under_traffic_answers_wrongly(two) -> None:
    """What both policies allow is refused for a moment, or something is raised."""
    model = Model()
    model.load_model_from_text(MODEL)
    adapter = Lines(MANY_ROWS.lines)
    enforcer = Enforcer(model, adapter)
    enforcer.add_function("has", lambda roles, sub: sub in roles)
    enforcer.add_function("serves", lambda modes, dom: dom == "*" or dom in modes)
    enforcer.add_function("covers", lambda line, obj: covers(line, obj, ()))
    enforcer.add_function("does", lambda line, act: line in ("*", act))
    enforcer.add_function("reaches", lambda reaches, scope, eft: True)
    failures: list[str] = []
    stop = Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                if not enforcer.enforce(["admin"], ["b2b"], "account", "read", None):
                    failures.append("refused")
            except Exception as error:
                failures.append(repr(error))

    with eager_threads(), ThreadPoolExecutor(THREADS) as pool:
        for _thread in range(THREADS):
            pool.submit(ask)
        ends = time.monotonic() + 20
        while not failures and time.monotonic() < ends:
            adapter.lines = (MANY_FIELDS if adapter.lines is MANY_ROWS.lines else MANY_ROWS).lines
            try:
                enforcer.load_policy()
            except Exception as error:
                failures.append(repr(error))
        stop.set()
    assert failures


def test_a_unit_of_work_never_has_the_rows_of_one_policy_with_the_fields_of_the_next(sales, two) -> None:
    sales.account("of ravi", "ravi", phone="+49301")
    sales.account("of rita", "rita", phone="+49302")
    activate(sales.policy, two[1])
    with sales.tenon.records.reading(sales.rita) as work:
        work.fields(work.type("account"), "read")
        activate(sales.policy, two[0])
        assert [r.title for r in work.page("account", Query()).data] == ["of rita"]
    with sales.tenon.records.reading(sales.rita) as work:
        found = work.page("account", Query(sort=("name",))).data
    assert [r.title for r in found] == ["of ravi", "of rita"]
    assert all("phone" not in record.values for record in found)


GOOD = {"format": 1, "roles": {"sales": {"label": "Sales"}}, "field_sets": {}, "lines": []}


def with_line(*tokens: Any) -> dict[str, Any]:
    return GOOD | {"lines": [list(tokens)]}


BROKEN: dict[str, Any] = {
    "an unknown scope": with_line("sales", "*", "account", "read", "everywhere", "all", "allow"),
    "an unknown role": with_line("salse", "*", "account", "read", "all", "all", "allow"),
    "an unknown field set": with_line("sales", "*", "account", "read", "all", "most", "allow"),
    "an unknown effect": with_line("sales", "*", "account", "read", "all", "all", "Deny"),
    "an empty token": with_line("sales", "*", "", "read", "all", "all", "allow"),
    "a short line": with_line("sales", "*", "account", "read", "all"),
    "a number for a name": with_line("sales", "*", "account", "read", "all", "all", 1),
    "another format": GOOD | {"format": 2},
    "no format": {},
    "a text": "sales may do everything",
    "a list": [],
    "a role without a label": GOOD | {"roles": {"sales": {"label": " "}}},
    "roles as a list": GOOD | {"roles": ["sales"]},
    "lines as a text": GOOD | {"lines": "sales"},
    "paths as a text": GOOD | {"field_sets": {"few": {"show": {"account": "name"}}}},
}


def store(tenon: Any, data: Any, *, raw: str | None = None) -> None:
    """Write a revision beside the door, as somebody with SQL does."""
    table: Any = Revision.__table__
    with tenon.storage.writing() as connection:
        number = (connection.execute(sa.select(sa.func.max(table.c.number))).scalar_one() or 0) + 1
        row = {"number": number, "at": tenon.clock.now(), "actor_name": "somebody", "document": data}
        connection.execute(sa.insert(table).values(**row))
        if raw is not None:
            text = "UPDATE permissions_revision SET document = :raw WHERE number = :number"
            connection.execute(sa.text(text), {"raw": raw, "number": number})


@pytest.mark.parametrize("kind", list(BROKEN))
def test_a_broken_policy_leaves_the_last_good_one(sales, kind) -> None:
    sales.account("hers", "rita")
    before = sales.policy.version
    store(sales.tenon, BROKEN[kind])
    sales.policy.changed()
    assert sales.policy.version == before
    assert sales.policy.broken
    assert sales.seen("rita") == ["hers"]
    assert sales.policy.check_health()


@pytest.mark.parametrize("tenon_database", ["sqlite"])
@pytest.mark.parametrize("raw", ['{"format": 1, "lin', "", "\x00", "[" * 5000])
def test_what_was_written_halfway_leaves_the_last_good_one(sales, raw) -> None:
    before = sales.policy.version
    store(sales.tenon, {}, raw=raw)
    sales.policy.changed()
    assert (sales.policy.version, bool(sales.policy.broken)) == (before, True)
    assert sales.policy.allows(sales.rita, "read", "account")


def test_a_good_policy_after_a_broken_one_comes_into_force(sales) -> None:
    store(sales.tenon, {})
    sales.policy.changed()
    assert sales.policy.broken
    activate(sales.policy, MANY_FIELDS)
    assert sales.policy.broken is None
    assert sales.policy.check_health() is None


def another_process(tenon: Any) -> Any:
    """A deployment on the same database that has seen nothing yet."""
    return create_tenon(tenon.settings, clock=tenon.clock, plugins=tenon.plugins)


def test_a_process_that_starts_under_a_broken_policy_lets_only_administrators_in(sales) -> None:
    store(sales.tenon, {})
    fresh = another_process(sales.tenon)
    assert not fresh.access.policy.allows(sales.bea, "read", "account")
    assert fresh.access.policy.allows(sales.ada, "read", "account")
    with pytest.raises(UnavailableError):
        fresh.access.policy.check_health()
    fresh.storage.close()


def test_without_a_policy_only_administrators_may_do_anything(tenon, as_role) -> None:
    boss, admin = as_role("boss", "admin", "everyone", "*"), as_role(admin=True)
    for actor, may in ((boss, False), (admin, True)):
        allowed = {
            tenon.access.policy.allows(actor, action, kind)
            for kind in tenon.access.policy.names.entities
            for action in tenon.access.policy.names.actions
        }
        assert allowed == {may}
    with tenon.records.reading(boss) as work, pytest.raises(ForbiddenError):
        work.page("account", Query())
    assert tenon.access.policy.check_health() is None


@contextmanager
def away(tenon: Any):
    """The database cannot be reached."""
    url, name = tenon.storage.url, tenon.storage.url.database
    tenon.storage.engine.dispose()
    if tenon.storage.dialect == "sqlite":
        files = [Path(f"{name}{end}") for end in ("", "-wal", "-shm")]
        for file in files:
            if file.exists():
                file.rename(f"{file}.away")
        Path(name).mkdir()
    else:
        server = as_psycopg(url.render_as_string(hide_password=False)).set(database="postgres")
        administer(server, f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
    yield
    if tenon.storage.dialect == "sqlite":
        Path(name).rmdir()
        for file in files:
            if Path(f"{file}.away").exists():
                Path(f"{file}.away").rename(file)
    else:
        administer(server, f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')


def test_while_the_database_is_away_the_policy_stays_and_a_fresh_process_denies(sales) -> None:
    assert sales.policy.allows(sales.rita, "read", "account")
    fresh = another_process(sales.tenon)
    with away(sales.tenon):
        sales.policy.changed()
        assert sales.policy.allows(sales.rita, "read", "account")
        assert not sales.policy.allows(sales.rita, "override", "account")
        assert not fresh.access.policy.allows(sales.bea, "read", "account")
        with pytest.raises(UnavailableError):
            fresh.access.policy.check_health()
    fresh.access.policy.changed()
    assert fresh.access.policy.allows(sales.bea, "read", "account")
    fresh.storage.close()


def test_readyz_tells_of_a_policy_that_is_not_in_force(sales, tenon_app) -> None:
    client = tenon_app.test_client()
    assert client.get("/readyz").json["checks"]["permissions.policy"] == "ok"
    store(sales.tenon, {})
    sales.policy.changed()
    found = client.get("/readyz")
    assert (found.status_code, found.json["status"]) == (200, "degraded")
    assert "revision 1" in found.json["checks"]["permissions.policy"]

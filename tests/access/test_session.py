"""What ``work.session`` answers, what it refuses, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.orm import Session, aliased, defer, joinedload, selectinload

from tenon.access.session import GuardedSession
from tenon.access.shadow import Beneath
from tenon.errors import BadRequestError, ForbiddenError
from tenon.identity import Actor
from tenon.records import models
from tenon.records.sessionrules import SessionRules
from tenon.storage.ids import new_id
from tests.access.orm_world import Branch, Firm, FirmCare, Firms, Note, Person, Score, Tag, build_firms

MINE = [("Mine",)]

LEGITIMATE: dict[str, tuple[Callable[[Firms], Any], Any]] = {
    "now": (lambda w: sa.select(sa.func.now() == sa.func.now()), [(True,)]),
    "a literal": (lambda w: sa.select(sa.literal(1), sa.literal("x")), [(1, "x")]),
    "count(*)": (lambda w: sa.select(sa.func.count()).select_from(Firm), [(1,)]),
    "count of a column": (lambda w: sa.select(sa.func.count(Firm.id)), [(1,)]),
    "a function alone": (lambda w: sa.func.max(Firm.amount), [(1,)]),
    "sums by group": (
        lambda w: sa.select(Firm.name, sa.func.sum(Firm.amount)).group_by(Firm.name),
        [("Mine", 1)],
    ),
    "having": (
        lambda w: sa.select(Firm.name).group_by(Firm.name).having(sa.func.count() == 1).order_by(Firm.name),
        MINE,
    ),
    "exists": (lambda w: sa.select(sa.exists().where(Firm.id == w.mine)), [(True,)]),
    "exists of an entity": (
        lambda w: sa.select(Firm.name).where(sa.exists(sa.select(Person).where(Person.firm_id == Firm.id))),
        MINE,
    ),
    "any": (lambda w: sa.select(Firm.name).where(Firm.people.any(Person.name == "Mine person")), MINE),
    "any along a link table": (lambda w: sa.select(Firm.name).where(Firm.tags.any()), MINE),
    "has": (lambda w: sa.select(Person.name).where(Person.firm.has(Firm.name == "Mine")), [("Mine person",)]),
    "in a subquery": (
        lambda w: sa.select(Person.name).where(Person.firm_id.in_(sa.select(Firm.id))),
        [("Mine person",)],
    ),
    "a join": (lambda w: sa.select(Firm.name, Person.name).join(Firm.people), [("Mine", "Mine person")]),
    "a join along a link table": (
        lambda w: sa.select(Firm.name, Tag.name).join(Firm.tags),
        [("Mine", "Everybody's")],
    ),
    "an outer join that keeps its left side": (
        lambda w: sa.select(Tag.name, Firm.name).outerjoin(Firm, Firm.amount > 500),
        [("Everybody's", None)],
    ),
    "case and cast": (
        lambda w: sa.select(sa.case((Firm.amount > 0, "a"), else_="b"), sa.cast(Firm.amount, sa.String)),
        [("a", "1")],
    ),
    "a window": (lambda w: sa.select(sa.func.row_number().over(order_by=Firm.name)), [(1,)]),
    "an extension": (
        lambda w: sa.select(Firm.name, FirmCare.keeper).join(FirmCare, FirmCare.id == Firm.id),
        [("Mine", "Mine keeper")],
    ),
    "a subclass": (lambda w: sa.select(Branch.name, Branch.street), [("Mine", "Mine street")]),
    "a private table": (lambda w: sa.select(Note.text), [("Mine note",)]),
    "a union": (
        lambda w: sa.union(sa.select(Firm.name), sa.select(Note.text)).order_by("name"),
        [("Mine",), ("Mine note",)],
    ),
    "a recursive query": (lambda w: _line(w), MINE),
    "two aliases": (lambda w: _two(), [("Mine", "Mine")]),
    "a table without the ORM": (lambda w: sa.select(Firm.__table__.c.name), MINE),
    "order and limit": (lambda w: sa.select(Firm.name).order_by(Firm.name.desc()).limit(5).offset(0), MINE),
    "text in a condition": (
        lambda w: sa.select(Firm.name).where(Firm.name.ilike("mi%"), Firm.name.op("LIKE")("M%")),
        MINE,
    ),
}


def _line(world: Firms) -> Any:
    line = sa.select(Firm.id, Firm.name, Firm.parent_id).where(Firm.id == world.mine).cte(recursive=True)
    line = line.union(sa.select(Firm.id, Firm.name, Firm.parent_id).where(Firm.id == line.c.parent_id))
    return sa.select(line.c.name)


def _two() -> Any:
    one, other = aliased(Firm), aliased(Firm)
    return sa.select(one.name, other.name).join(other, one.owner_id == other.owner_id)


@pytest.mark.parametrize("name", LEGITIMATE)
def test_what_plugins_ask_is_answered(firms: Firms, name: str) -> None:
    build, expected = LEGITIMATE[name]
    with firms.guarded() as work:
        found = work.session.execute(build(firms)).all()
        assert [tuple(row) for row in found] == [tuple(row) for row in expected]


@pytest.mark.parametrize("load", [joinedload, selectinload])
def test_what_belongs_to_a_record_is_loaded_with_it(firms: Firms, load: Any) -> None:
    with firms.guarded() as work:
        wanted = sa.select(Firm).options(load(Firm.people), load(Firm.tags))
        firm = work.session.scalars(wanted).unique().one()
        assert [person.name for person in firm.people] == ["Mine person"]
        assert [tag.name for tag in firm.tags] == ["Everybody's"]


# Fields


@pytest.fixture
def narrow(firms: Firms) -> Actor:
    """Ann as one who sees no secrets."""
    return Actor(firms.ann.id, "Ann", roles=frozenset({"narrow"}))


NAMES_A_HIDDEN_COLUMN: dict[str, Callable[[], Any]] = {
    "selected": lambda: sa.select(Firm.secret),
    "compared": lambda: sa.select(Firm.name).where(Firm.secret == "x"),
    "ordered by": lambda: sa.select(Firm.name).order_by(Firm.secret),
    "summed": lambda: sa.select(sa.func.max(Firm.secret)),
    "of an alias": lambda: sa.select(aliased(Firm).secret),
    "inside": lambda: sa.select(Firm.name).where(Firm.id.in_(sa.select(Firm.id).where(Firm.secret > "a"))),
    "customers' own": lambda: sa.select(Firm.custom),
    "of an extension": lambda: sa.select(FirmCare.fee),
}


@pytest.mark.parametrize("name", NAMES_A_HIDDEN_COLUMN)
def test_a_hidden_field_is_answered_as_one_that_does_not_exist(
    firms: Firms, narrow: Actor, name: str
) -> None:
    with firms.guarded(narrow) as work:
        with pytest.raises(BadRequestError) as refused:
            work.session.execute(NAMES_A_HIDDEN_COLUMN[name]())
        assert refused.value.problems[0].code == "unknown-field"
        assert "secret" not in str(refused.value.hint)


def test_a_hidden_field_has_no_value_in_objects_and_subqueries(firms: Firms, narrow: Actor) -> None:
    with firms.guarded(narrow) as work:
        firm = work.session.scalars(sa.select(Firm)).one()
        assert (firm.name, firm.secret, firm.custom) == ("Mine", None, None)
        whole = sa.select(Firm).subquery()
        assert "Mine secret" not in work.session.execute(sa.select(whole)).one()
        care = work.session.scalars(sa.select(FirmCare)).one()
        assert (care.keeper, care.fee) == ("Mine keeper", None)
        deferred = work.session.scalars(sa.select(Firm).options(defer(Firm.secret))).one()
        work.session.refresh(deferred, ["secret"])
        assert deferred.secret is None


def test_who_may_not_read_a_kind_of_record_sees_none(firms: Firms) -> None:
    nobody = Actor(firms.ann.id, "Ann", roles=frozenset({"nobody"}))
    with firms.guarded(nobody) as work:
        assert work.session.scalars(sa.select(Person)).all() == []
        assert len(work.session.scalars(sa.select(Firm)).all()) == 1


# Tables


def test_a_table_without_a_rule_is_empty_for_all_but_the_system(firms: Firms) -> None:
    with firms.guarded() as work:
        assert work.session.scalars(sa.select(Score)).all() == []
        assert work.session.scalars(sa.select(models.AuditEntry)).all() == []
        keeper = work.as_system("to compare").session
        assert len(keeper.scalars(sa.select(Score)).all()) == 7


def test_a_table_that_no_class_maps_is_refused(firms: Firms) -> None:
    with firms.guarded() as work, pytest.raises(ForbiddenError, match="mapped class"):
        work.session.execute(sa.select(sa.Table("paths_firm", sa.MetaData(), sa.Column("name"))))


def test_an_expression_by_the_tables_own_name_does_not_lead_around(firms: Firms) -> None:
    with firms.guarded() as work:
        found = sa.select(Firm.name).cte("paths_firm", nesting=True)
        try:
            names = work.session.scalars(sa.select(found.c.name)).all()
        except exc.SQLAlchemyError:
            return
        assert names == ["Mine"]


@pytest.mark.parametrize("name", ["query_to_xml", "pg_read_file", "set_config", "load_extension"])
def test_functions_that_read_what_they_are_told_in_text_are_refused(firms: Firms, name: str) -> None:
    with firms.guarded() as work, pytest.raises(ForbiddenError, match=name):
        work.session.execute(sa.select(getattr(sa.func, name)("x", "y")))


@pytest.mark.parametrize(
    "build",
    [lambda: sa.text("SELECT 1"), lambda: sa.insert(Note), lambda: sa.schema.DropTable(Firm.__table__)],
)
def test_a_refusal_says_what_and_how_the_system_could(firms: Firms, build: Callable[[], Any]) -> None:
    with firms.guarded() as work:
        with pytest.raises(ForbiddenError, match=r"work\.session does not run this") as refused:
            work.session.execute(build())
        assert "work.as_system(" in str(refused.value.hint)


# Writing


def test_rows_of_a_plugins_own_table_are_written_within_records_one_may_change(firms: Firms) -> None:
    with firms.guarded() as work:
        note = Note(firm_id=firms.mine, text="Added")
        work.session.add(note)
        work.flush()
        note.text = "Changed"
        work.session.flush()
        assert work.session.execute(sa.update(Note).values(text="Everywhere")).rowcount == 2
        work.session.delete(note)
        work.session.flush()
        assert work.session.scalars(sa.select(Note.text)).all() == ["Everywhere"]
        everyone = work.unguarded.scalars(sa.select(Note.__table__.c.text)).all()
        assert sum(text.startswith("Theirs") for text in everyone) == 6


def test_who_may_read_a_record_and_not_change_it_reads_its_notes_alone(firms: Firms) -> None:
    reader = Actor(firms.ann.id, "Ann", roles=frozenset({"reader"}))
    with firms.guarded(reader) as work:
        note = work.session.scalars(sa.select(Note)).one()
        assert work.session.execute(sa.update(Note).values(text="Changed")).rowcount == 0
        note.text = "Changed"
        with pytest.raises(ForbiddenError, match="may not write this row"):
            work.session.flush()


def test_a_refused_write_leaves_the_work_as_it_was(firms: Firms) -> None:
    with firms.guarded() as work:
        work.session.add(Note(firm_id=firms.theirs[0], text="Added"))
        with pytest.raises(ForbiddenError, match="may not write this row"):
            work.session.flush()
        assert work.session.scalars(sa.select(Firm.name)).all() == ["Mine"]


def test_records_are_not_written_by_a_session_even_the_systems(firms: Firms) -> None:
    with firms.guarded() as work:
        for session in (work.session, work.as_system("to try").session):
            session.get(Firm, firms.mine).name = "By hand"
            with pytest.raises(ForbiddenError, match="Records are not written by a session"):
                session.flush()


def test_a_work_that_only_reads_writes_nothing(firms: Firms) -> None:
    with firms.records.reading(firms.ann) as work:
        work.session.add(Note(firm_id=firms.mine, text="Added"))
        with pytest.raises(ForbiddenError, match="only reads"):
            work.session.flush()


def test_what_a_plugin_adds_is_committed_with_the_work(sqlite_url: str) -> None:
    world = build_firms(sqlite_url)
    with world.records.writing(world.ann) as work:
        work.session.add(Note(firm_id=world.mine, text="Kept"))
    with world.records.reading(world.ann) as work:
        assert "Kept" in work.session.scalars(sa.select(Note.text)).all()
    world.records.storage.close()


def test_what_the_work_wrote_is_read_anew(firms: Firms) -> None:
    with firms.guarded() as work:
        firm = work.session.get(Firm, firms.mine)
        work.update("firm", firms.mine, {"name": "Mine, renamed"})
        assert work.session.get(Firm, firms.mine).name == "Mine, renamed"
        assert firm.name == "Mine, renamed"


# The session itself


def test_a_session_needs_somebody_and_rules(firms: Firms) -> None:
    with firms.guarded() as work:
        beneath = Beneath("main")
        nobody: Any = None
        for actor, rules in ((nobody, SessionRules(work)), (work.actor, nobody)):
            with pytest.raises(ForbiddenError, match="who asks"):
                GuardedSession(work.unguarded, actor, rules, beneath)


def test_objects_end_with_the_work(firms: Firms) -> None:
    with firms.guarded() as work:
        session = work.session
        assert work.session is session
        firm = session.get(Firm, firms.mine)
        assert firm in session
    assert firm not in session
    with pytest.raises((exc.SQLAlchemyError, ForbiddenError)):
        session.execute(sa.select(Firm)).all()


@pytest.mark.parametrize("name", ["commit", "rollback", "begin", "begin_nested"])
def test_the_transaction_is_the_works(firms: Firms, name: str) -> None:
    with firms.guarded() as work, pytest.raises(ForbiddenError, match="transaction is the work's"):
        getattr(work.session, name)()


def test_what_the_system_loaded_stays_with_the_system(firms: Firms) -> None:
    with firms.guarded() as work:
        keeper = work.as_system("to compare").session
        foreign = keeper.get(Firm, firms.theirs[0])
        assert foreign is not None
        assert work.session.get(Firm, firms.theirs[0]) is None
        note = Note(firm_id=firms.mine, text="x")
        with pytest.raises((exc.SQLAlchemyError, ForbiddenError)):
            work.session.add(foreign)
        keeper.expunge(foreign)
        with pytest.raises(ForbiddenError, match="another session"):
            work.session.add(foreign)
        work.session.add(note)


def test_use_of_the_system_is_told_once_with_who_and_why(firms: Firms) -> None:
    firms.told.clear()
    with firms.guarded() as work:
        keeper = work.as_system("nightly comparison")
        keeper.connection.execute(sa.text("SELECT 1"))
        keeper.session.execute(sa.text("SELECT 1"))
        keeper.as_system("and further").session.execute(sa.text("SELECT 1"))
        assert [(a.name, reason, via) for a, reason, via in firms.told] == [
            ("Ann", "nightly comparison", "python"),
            ("Ann", "and further", "python"),
        ]


def test_a_system_that_nobody_stands_behind_is_not_told_of(firms: Firms) -> None:
    from tenon.identity import system

    firms.told.clear()
    with firms.guarded(system("a timer")) as work:
        work.session.execute(sa.text("SELECT 1"))
        work.as_system("a step of it").session.execute(sa.text("SELECT 1"))
    assert firms.told == []


def test_everything_in_reach_is_asked_without_a_detour(firms: Firms) -> None:
    with firms.guarded() as work:
        assert work.session.shadow(Tag.__table__) is None
        assert work.session.rules.reach(Tag.__table__).whole


def test_a_bare_session_shows_what_is_being_guarded(firms: Firms) -> None:
    with firms.guarded() as work, Session(work.unguarded) as bare:
        assert len(bare.scalars(sa.select(Firm)).all()) == 7


def test_ids_of_new_rows_are_given_before_they_are_written(firms: Firms) -> None:
    with firms.guarded() as work:
        id_ = new_id()
        work.session.add(Note(id=id_, firm_id=firms.mine, text="x"))
        assert work.session.get(Note, id_).text == "x"


PLANNED: dict[str, Callable[[Firms], Any]] = {
    "by id": lambda w: sa.select(Firm.name).where(Firm.id == w.mine),
    "a list": lambda w: sa.select(Firm).order_by(Firm.name).limit(50),
    "a join": lambda w: sa.select(Firm.name, Person.name).join(Firm.people).where(Firm.id == w.mine),
    "an outer join": lambda w: sa.select(Firm.name, Note.text).outerjoin(Note, Note.firm_id == Firm.id),
    "used twice": lambda w: sa.select(Firm.name).where(Firm.parent_id.in_(sa.select(Firm.id))),
}


@pytest.mark.parametrize("name", PLANNED)
def test_the_database_looks_through_what_stands_in_a_tables_place(firms: Firms, name: str) -> None:
    with firms.guarded() as work:
        ran: list[tuple[str, Any]] = []
        sa.event.listen(
            work.unguarded, "before_cursor_execute", lambda c, _k, sql, values, *_: ran.append((sql, values))
        )
        work.session.execute(PLANNED[name](firms)).unique().all()
        sql, values = ran[-1]
        explain = "EXPLAIN QUERY PLAN " if work.dialect == "sqlite" else "EXPLAIN "
        plan = "\n".join(str(tuple(row)) for row in work.unguarded.exec_driver_sql(explain + sql, values))
        assert "CTE" not in plan
        assert "MATERIALIZE" not in plan
        assert "CO-ROUTINE" not in plan

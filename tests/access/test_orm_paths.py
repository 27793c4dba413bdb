"""Every way in which SQLAlchemy's ORM reads and writes: none leads to what somebody else owns.

Each path is walked three times: through ``work.session`` on both databases, where nothing of Bob's
may come back or change, and through a bare session, where something must, or the path tests nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.orm import (
    Bundle,
    Session,
    aliased,
    contains_eager,
    defer,
    immediateload,
    joinedload,
    load_only,
    make_transient,
    make_transient_to_detached,
    selectinload,
    subqueryload,
    with_loader_criteria,
)

from tenon.errors import TenonError
from tenon.storage.ids import new_id
from tests.access.orm_world import (
    FOREIGN,
    Branch,
    Firm,
    FirmCare,
    Firms,
    Note,
    Person,
    Score,
    Tag,
    firm_tag,
)

FIRM: Any = Firm.__table__
PERSON: Any = Person.__table__


@dataclass
class Walk:
    """``session`` is asked; ``beyond`` is one that sees everything, and has loaded from it."""

    session: Any
    beyond: Any
    world: Firms

    @property
    def foreign(self) -> UUID:
        return self.world.theirs[0]

    @property
    def loaded(self) -> Any:
        """A firm of Bob's that the system loaded."""
        return self.beyond.get(Firm, self.foreign)


Path = Callable[[Walk], Any]
PATHS: dict[str, Path] = {}


def path(function: Path) -> Path:
    PATHS[function.__name__] = function
    return function


def told(found: Any) -> Iterator[Any]:
    """Every value in what a path came back with, through rows and objects."""
    if isinstance(found, list | tuple | set | sa.Row):
        for part in found:
            yield from told(part)
    elif isinstance(found, dict):
        yield from told(list(found.values()))
    elif hasattr(found, "_sa_instance_state"):
        yield from told({k: v for k, v in vars(found).items() if k != "_sa_instance_state"})
    else:
        yield found


def leaks(found: Any, world: Firms) -> bool:
    """Whether something of Bob's is among the values: a word, an id, or a number above Ann's.

    The last of his firms does not count by its id: Ann's own firm names it as its parent.
    """
    return any(
        ("Theirs" in v if isinstance(v, str) else v in world.theirs[:-1] or v == world.bob.id)
        if isinstance(v, str | UUID)
        else isinstance(v, int | float | Decimal) and v >= FOREIGN
        for v in told(found)
    )


# Reading what is mapped


@path
def entity(w: Walk) -> Any:
    return w.session.scalars(sa.select(Firm)).all()


@path
def column(w: Walk) -> Any:
    return w.session.execute(sa.select(Firm.name)).all()


@path
def legacy_query(w: Walk) -> Any:
    return w.session.query(Firm).filter(Firm.amount > 0).all()


@path
def bundle(w: Walk) -> Any:
    return w.session.execute(sa.select(Bundle("b", Firm.name, Firm.secret))).all()


@path
def count(w: Walk) -> Any:
    return w.session.scalar(sa.select(sa.func.count()).select_from(Firm))


@path
def function_executed(w: Walk) -> Any:
    return w.session.scalar(sa.func.max(Firm.amount))


@path
def expression_of_two(w: Walk) -> Any:
    return w.session.execute(
        sa.select(sa.func.max(Firm.amount) + sa.func.count(Person.id)).where(Person.id != Firm.id)
    ).all()


@path
def column_in_group_by_alone(w: Walk) -> Any:
    return w.session.execute(sa.select(sa.func.count()).select_from(Firm).group_by(Firm.kind)).all()


@path
def window(w: Walk) -> Any:
    return w.session.execute(sa.select(sa.func.sum(Firm.amount).over())).all()


@path
def alias(w: Walk) -> Any:
    other = aliased(Firm)
    return w.session.scalars(sa.select(other)).all()


@path
def alias_joined_to_itself(w: Walk) -> Any:
    parent = aliased(Firm)
    return w.session.execute(
        sa.select(Firm.name, parent.name).join(parent, Firm.parent_id == parent.id)
    ).all()


@path
def alias_of_subquery(w: Walk) -> Any:
    other = aliased(Firm, sa.select(Firm).order_by(Firm.name).limit(3).subquery())
    return w.session.scalars(sa.select(other)).all()


@path
def join(w: Walk) -> Any:
    return w.session.execute(sa.select(Person.name, Firm.name).join(Firm, Person.firm_id == Firm.id)).all()


@path
def outer_join(w: Walk) -> Any:
    return w.session.execute(sa.select(Tag.name, Firm.name).outerjoin(Firm, sa.true())).all()


@path
def core_join_in_from(w: Walk) -> Any:
    joined = sa.join(Tag, Firm, sa.true())
    return w.session.execute(sa.select(sa.func.count()).select_from(joined)).all()


@path
def join_along_relationship(w: Walk) -> Any:
    return w.session.execute(
        sa.select(Tag.name, Person.name).select_from(Firm).join(Firm.people).join(Firm.tags)
    ).all()


@path
def lazy_load(w: Walk) -> Any:
    firm = w.session.scalars(sa.select(Firm).where(Firm.id == w.world.mine)).one()
    return firm.parent


@path
def lazy_load_to_many(w: Walk) -> Any:
    firms = w.session.scalars(sa.select(Firm)).all()
    return [firm.people for firm in firms]


@path
def joined_load(w: Walk) -> Any:
    firm = w.session.scalars(
        sa.select(Firm).where(Firm.id == w.world.mine).options(joinedload(Firm.parent))
    ).one()
    return firm.parent


@path
def joined_load_two_steps(w: Walk) -> Any:
    wanted = joinedload(Firm.parent).joinedload(Firm.people)
    firm = w.session.scalars(sa.select(Firm).where(Firm.id == w.world.mine).options(wanted)).unique().one()
    return firm.parent and firm.parent.people


@path
def contained_eagerly(w: Walk) -> Any:
    parent = aliased(Firm)
    found = sa.select(Firm).outerjoin(Firm.parent.of_type(parent)).where(Firm.id == w.world.mine)
    firm = w.session.scalars(found.options(contains_eager(Firm.parent.of_type(parent)))).one()
    return firm.parent


@path
def selectin_load(w: Walk) -> Any:
    return w.session.scalars(sa.select(Firm).options(selectinload(Firm.people))).all()


@path
def subquery_load(w: Walk) -> Any:
    return w.session.scalars(sa.select(Firm).options(subqueryload(Firm.people))).all()


@path
def immediate_load(w: Walk) -> Any:
    return w.session.scalars(sa.select(Firm).options(immediateload(Firm.people))).all()


@path
def many_to_many(w: Walk) -> Any:
    tag = w.session.scalars(sa.select(Tag)).one()
    return w.session.scalars(sa.select(Firm.name).join(Firm.tags).where(Tag.id == tag.id)).all()


@path
def association_proxied(w: Walk) -> Any:
    return [list(firm.names_of_people) for firm in w.session.scalars(sa.select(Firm))]


@path
def write_only_collection(w: Walk) -> Any:
    firms = w.session.scalars(sa.select(Firm)).all()
    return [w.session.scalars(firm.people_asked.select()).all() for firm in firms]


@path
def subclass(w: Walk) -> Any:
    return w.session.scalars(sa.select(Branch)).all()


@path
def column_of_subclass(w: Walk) -> Any:
    return w.session.execute(sa.select(Branch.street)).all()


@path
def has(w: Walk) -> Any:
    return w.session.execute(sa.select(Firm.amount, ~Firm.parent.has(Firm.amount > 5))).all()


@path
def has_as_an_oracle(w: Walk) -> Any:
    mine = sa.select(Firm.id).where(Firm.id == w.world.mine, Firm.parent.has(Firm.secret.like("Theirs%")))
    return FOREIGN * len(w.session.execute(mine).all())


@path
def exists_as_an_oracle(w: Walk) -> Any:
    found = sa.select(sa.exists().where(Firm.secret.like("Theirs 3%")))
    return FOREIGN * int(w.session.scalar(found))


@path
def any_as_an_oracle(w: Walk) -> Any:
    found = sa.select(Firm.id).where(Firm.people.any(Person.name.like("Theirs%")))
    return w.session.execute(found).all()


@path
def cte(w: Walk) -> Any:
    found = sa.select(Firm.name).cte("firms")
    return w.session.execute(sa.select(found.c.name)).all()


@path
def recursive_cte(w: Walk) -> Any:
    line = sa.select(Firm.name, Firm.parent_id).where(Firm.id == w.world.mine).cte("line", recursive=True)
    line = line.union_all(sa.select(Firm.name, Firm.parent_id).where(Firm.id == line.c.parent_id))
    return w.session.execute(sa.select(line.c.name)).all()


@path
def union(w: Walk) -> Any:
    return w.session.execute(sa.union_all(sa.select(Firm.name), sa.select(Person.name))).all()


@path
def subquery(w: Walk) -> Any:
    found = sa.select(Firm).subquery()
    return w.session.execute(sa.select(found)).all()


@path
def subquery_beside_an_entity(w: Walk) -> Any:
    found = sa.select(sa.func.max(Firm.amount).label("most")).subquery()
    return w.session.execute(sa.select(Tag.name, found.c.most).join(found, sa.true())).all()


@path
def scalar_subquery(w: Walk) -> Any:
    most = sa.select(sa.func.max(Firm.amount)).scalar_subquery()
    return w.session.execute(sa.select(Tag.name, most)).all()


@path
def order_by_scalar_subquery(w: Walk) -> Any:
    most = sa.select(Firm.secret).where(Firm.id == w.foreign).scalar_subquery()
    return w.session.execute(sa.select(sa.case((most == "Theirs 1 secret", FOREIGN), else_=0))).all()


@path
def child_without_a_rule_of_its_own(w: Walk) -> Any:
    return w.session.scalars(sa.select(Score)).all()


@path
def side_table(w: Walk) -> Any:
    return w.session.scalars(sa.select(FirmCare)).all()


@path
def private_table(w: Walk) -> Any:
    return w.session.scalars(sa.select(Note)).all()


@path
def column_property_of_a_class(w: Walk) -> Any:
    return w.session.execute(sa.select(Tag.richest)).all()


@path
def column_property_of_a_raw_table(w: Walk) -> Any:
    return w.session.execute(sa.select(Tag.firms_at_all)).all()


@path
def column_property_with_its_entity(w: Walk) -> Any:
    return w.session.scalars(sa.select(Tag)).all()


@path
def get_by_id(w: Walk) -> Any:
    return w.session.get(Firm, w.foreign)


@path
def get_with_identity_token(w: Walk) -> Any:
    return w.session.get(Firm, w.foreign, identity_token="other")


@path
def criteria_of_the_plugins_own(w: Walk) -> Any:
    return w.session.scalars(sa.select(Firm).options(with_loader_criteria(Firm, sa.true()))).all()


# Around the mapped classes


@path
def raw_table(w: Walk) -> Any:
    return w.session.execute(sa.select(FIRM)).all()


@path
def raw_column(w: Walk) -> Any:
    return w.session.execute(sa.select(FIRM.c.name)).all()


@path
def raw_table_in_a_statement_of_entities(w: Walk) -> Any:
    return w.session.execute(sa.select(Tag.name, FIRM.c.name).join(FIRM, sa.true())).all()


@path
def raw_table_in_a_subquery(w: Walk) -> Any:
    return w.session.execute(
        sa.select(Tag.name, sa.select(sa.func.max(FIRM.c.amount)).scalar_subquery())
    ).all()


@path
def raw_alias(w: Walk) -> Any:
    other = FIRM.alias()
    return w.session.execute(sa.select(other.c.name)).all()


@path
def raw_sample(w: Walk) -> Any:
    return w.session.execute(sa.select(sa.func.count()).select_from(FIRM.alias("some"))).all()


@path
def link_table(w: Walk) -> Any:
    return w.session.execute(sa.select(firm_tag)).all()


@path
def table_of_the_same_name(w: Walk) -> Any:
    return w.session.execute(sa.select(sa.Table("paths_firm", sa.MetaData(), sa.Column("name")))).all()


@path
def table_with_its_schema(w: Walk) -> Any:
    schema = "main" if w.world.records.storage.dialect == "sqlite" else "public"
    table = sa.Table("paths_firm", sa.MetaData(schema=schema), sa.Column("name"))
    return w.session.execute(sa.select(table)).all()


@path
def lightweight_table(w: Walk) -> Any:
    return w.session.execute(sa.select(sa.table("paths_firm", sa.column("name")))).all()


@path
def text(w: Walk) -> Any:
    return w.session.execute(sa.text("SELECT name FROM paths_firm")).all()


@path
def text_in_a_statement(w: Walk) -> Any:
    return w.session.execute(
        sa.select(sa.text("(SELECT max(amount) FROM paths_firm)")).select_from(Tag)
    ).all()


@path
def text_as_from(w: Walk) -> Any:
    return w.session.execute(sa.select(sa.column("name")).select_from(sa.text("paths_firm"))).all()


@path
def text_with_columns(w: Walk) -> Any:
    found = sa.text("SELECT name FROM paths_firm").columns(sa.column("name")).subquery()
    return w.session.execute(sa.select(found.c.name)).all()


@path
def literal_column(w: Walk) -> Any:
    return w.session.execute(sa.select(sa.literal_column("(SELECT max(amount) FROM paths_firm)"))).all()


@path
def operator_of_text(w: Walk) -> Any:
    odd = Tag.name.op("|| (SELECT max(name) FROM paths_firm) ||")("")
    return w.session.execute(sa.select(odd)).all()


@path
def suffix_of_text(w: Walk) -> Any:
    return w.session.execute(sa.select(Tag.name).suffix_with("UNION ALL SELECT name FROM paths_firm")).all()


@path
def hint_of_text(w: Walk) -> Any:
    hint = "UNION ALL SELECT name FROM paths_firm"
    return w.session.execute(sa.select(Tag.name).with_statement_hint(hint)).all()


@path
def from_statement(w: Walk) -> Any:
    return w.session.scalars(sa.select(Firm).from_statement(sa.text("SELECT * FROM paths_firm"))).all()


@path
def from_statement_of_entities(w: Walk) -> Any:
    return w.session.scalars(sa.select(Firm).from_statement(sa.select(Firm))).all()


@path
def connection(w: Walk) -> Any:
    return w.session.connection().execute(sa.select(FIRM)).all()


@path
def bound_connection(w: Walk) -> Any:
    return w.session.get_bind().execute(sa.select(FIRM)).all()


@path
def connection_of_the_transaction(w: Walk) -> Any:
    w.session.execute(sa.select(Tag.id))
    return w.session.get_transaction().connection(None).execute(sa.select(FIRM)).all()


@path
def raw_cursor(w: Walk) -> Any:
    cursor = w.session.connection().connection.cursor()
    cursor.execute("SELECT name FROM paths_firm")
    return list(cursor.fetchall())


@path
def bind_arguments(w: Walk) -> Any:
    connection = w.world.records.storage.engine
    return w.session.execute(sa.text("SELECT 6"), bind_arguments={"bind": connection}).all()


@path
def execution_options(w: Walk) -> Any:
    found = sa.select(Firm).execution_options(schema_translate_map={})
    return w.session.scalars(found).all()


# What another session loaded


@path
def identity_map(w: Walk) -> Any:
    assert w.loaded is not None
    return w.session.get(Firm, w.foreign)


@path
def relation_to_what_was_loaded(w: Walk) -> Any:
    assert w.loaded is not None
    return w.session.get(Firm, w.world.mine).parent


@path
def refresh(w: Walk) -> Any:
    firm = w.loaded
    w.session.refresh(firm)
    return firm.name


@path
def refresh_of_what_has_changed_hands(w: Walk) -> Any:
    firm = w.session.get(Firm, w.world.mine)
    w.beyond.connection().execute(sa.update(FIRM).values(owner_id=w.world.bob.id, secret="Theirs now"))
    w.session.refresh(firm)
    return firm


@path
def deferred_column_of_what_has_changed_hands(w: Walk) -> Any:
    firm = w.session.scalars(sa.select(Firm).where(Firm.id == w.world.mine).options(defer(Firm.secret))).one()
    w.beyond.connection().execute(sa.update(FIRM).values(owner_id=w.world.bob.id, secret="Theirs now"))
    return firm.secret


@path
def expired_column(w: Walk) -> Any:
    firm = w.session.scalars(
        sa.select(Firm).where(Firm.id == w.world.mine).options(load_only(Firm.name))
    ).one()
    w.beyond.connection().execute(sa.update(FIRM).values(owner_id=w.world.bob.id, name="Theirs now"))
    w.session.expire(firm)
    return firm.name


@path
def attach_what_the_system_loaded(w: Walk) -> Any:
    firm = w.loaded
    w.beyond.expunge(firm)
    w.session.add(firm)
    return w.session.scalars(sa.select(Firm).where(Firm.id.in_([*w.world.theirs]))).all() or (
        firm in w.session and 6
    )


@path
def merge(w: Walk) -> Any:
    firm = w.loaded
    return w.session.merge(firm, load=False)


@path
def merge_of_a_foreign_id(w: Walk) -> Any:
    w.session.merge(Firm(id=w.foreign, name="taken"))
    w.session.flush()


# Writing


@path
def changed_object(w: Walk) -> Any:
    firm = w.session.get(Firm, w.world.mine)
    firm.name = "Changed by hand"
    w.session.flush()


@path
def new_object(w: Walk) -> Any:
    moment = w.world.records.clock.now()
    w.session.add(Firm(id=new_id(), version=1, created_at=moment, updated_at=moment, custom={}, name="New"))
    w.session.flush()


@path
def deleted_object(w: Walk) -> Any:
    w.session.delete(w.session.scalars(sa.select(FirmCare)).first())
    w.session.flush()


@path
def ownership(w: Walk) -> Any:
    w.session.get(Firm, w.world.mine).owner_id = w.world.bob.id
    w.session.flush()


@path
def detached_by_hand(w: Walk) -> Any:
    firm = Firm(id=w.foreign)
    make_transient_to_detached(firm)
    w.session.add(firm)
    firm.name = "Changed by hand"
    w.session.flush()


@path
def transient_by_hand(w: Walk) -> Any:
    firm = w.loaded
    w.beyond.expunge(firm)
    make_transient(firm)
    firm.id = new_id()
    w.session.add(firm)
    w.session.flush()


@path
def orm_update(w: Walk) -> Any:
    w.session.execute(sa.update(Firm).values(name="Changed by hand"))


@path
def orm_delete(w: Walk) -> Any:
    w.session.execute(sa.delete(Person))


@path
def legacy_update(w: Walk) -> Any:
    w.session.query(Firm).update({"name": "Changed by hand"}, synchronize_session=False)


@path
def update_by_primary_key(w: Walk) -> Any:
    w.session.execute(sa.update(Firm), [{"id": w.foreign, "name": "Changed by hand"}])


@path
def update_of_notes_by_primary_key(w: Walk) -> Any:
    ids = w.beyond.scalars(sa.select(Note.id)).all()
    w.session.execute(sa.update(Note), [{"id": id_, "text": "Changed by hand"} for id_ in ids])


@path
def update_of_everybodys_notes(w: Walk) -> Any:
    foreign = sa.update(Note).where(Note.firm_id != w.world.mine)
    w.session.execute(
        foreign.values(text="Changed by hand"), execution_options={"synchronize_session": False}
    )


@path
def update_that_reads(w: Walk) -> Any:
    secret = sa.select(Firm.secret).where(Firm.id == w.foreign).scalar_subquery()
    w.session.execute(sa.update(Note).where(Note.firm_id == w.world.mine).values(text=secret))
    return w.session.scalars(sa.select(Note.text)).all()


@path
def attribute_that_reads(w: Walk) -> Any:
    note = w.session.scalars(sa.select(Note).where(Note.firm_id == w.world.mine)).one()
    note.text = sa.select(FIRM.c.secret).where(FIRM.c.id == w.foreign).scalar_subquery()
    w.session.flush()
    return note.text


@path
def update_with_returning(w: Walk) -> Any:
    found = (
        sa.update(Note).where(Note.firm_id != w.world.mine).values(text="Changed by hand").returning(Note.id)
    )
    return w.session.execute(found).all()


@path
def delete_of_notes(w: Walk) -> Any:
    w.session.execute(sa.delete(Note).where(Note.firm_id != w.world.mine))


@path
def note_moved_to_a_foreign_firm(w: Walk) -> Any:
    w.session.scalars(sa.select(Note).where(Note.firm_id == w.world.mine)).one().firm_id = w.foreign
    w.session.flush()


@path
def notes_moved_to_a_foreign_firm(w: Walk) -> Any:
    w.session.execute(sa.update(Note).where(Note.firm_id == w.world.mine).values(firm_id=w.foreign))


@path
def note_added_to_a_foreign_firm(w: Walk) -> Any:
    w.session.add(Note(firm_id=w.foreign, text="Added by hand"))
    w.session.flush()


@path
def links_added(w: Walk) -> Any:
    firm = w.session.get(Firm, w.world.mine)
    firm.tags.clear()
    w.session.flush()


@path
def insert(w: Walk) -> Any:
    w.session.execute(sa.insert(Note), [{"id": new_id(), "firm_id": w.foreign, "text": "Added by hand"}])


@path
def insert_from_select(w: Walk) -> Any:
    rows = sa.select(FIRM.c.id, FIRM.c.id, FIRM.c.secret)
    w.session.execute(sa.insert(Note.__table__).from_select(["id", "firm_id", "text"], rows))
    return w.session.scalars(sa.select(Note.text)).all()


@path
def bulk_save(w: Walk) -> Any:
    w.session.bulk_save_objects([Note(id=new_id(), firm_id=w.foreign, text="Added by hand")])


@path
def bulk_insert(w: Walk) -> Any:
    w.session.bulk_insert_mappings(Note, [{"id": new_id(), "firm_id": w.foreign, "text": "Added by hand"}])


@path
def bulk_update(w: Walk) -> Any:
    w.session.bulk_update_mappings(Firm, [{"id": w.foreign, "name": "Changed by hand"}])


@path
def score_written(w: Walk) -> Any:
    w.session.add(Score(firm_id=w.world.mine, text="Added by hand"))
    w.session.flush()


@path
def write_inside_a_cte(w: Walk) -> Any:
    done = sa.update(FIRM).values(name="Changed by hand").returning(FIRM.c.id).cte()
    if w.session is w.beyond and w.world.records.storage.dialect == "sqlite":
        return orm_update(w)
    return w.session.execute(sa.select(done)).all()


REFUSALS = (TenonError, exc.SQLAlchemyError)


def walked(function: Path, walk: Walk) -> Any:
    """What a path brings back; nothing where it is refused."""
    try:
        return function(walk)
    except REFUSALS:
        return None


@pytest.mark.parametrize("name", PATHS)
def test_nothing_of_others_comes_back_or_changes(firms: Firms, name: str) -> None:
    with firms.guarded() as work:
        beyond = work.as_system("a path of the matrix").session
        before = firms.foreign_state(work.unguarded)
        assert not leaks(walked(PATHS[name], Walk(work.session, beyond, firms)), firms)
        if not name.endswith(("changed_hands", "expired_column")):
            assert firms.foreign_state(work.unguarded) == before


@pytest.mark.parametrize("name", PATHS)
def test_every_path_leaks_through_a_bare_session(sqlite_firms: Firms, name: str) -> None:
    with sqlite_firms.guarded() as work:
        bare = Session(work.unguarded)
        before = sqlite_firms.foreign_state(work.unguarded)
        found = PATHS[name](Walk(bare, bare, sqlite_firms))
        assert leaks(found, sqlite_firms) or sqlite_firms.foreign_state(work.unguarded) != before
        bare.close()

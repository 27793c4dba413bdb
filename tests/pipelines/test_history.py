"""What became of a record: rows that replay to the present and add up to its age."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenon.errors import ConflictError, GuardError
from tenon.identity.actor import system
from tenon.pipelines.history import StageEntry, seconds_by_stage, whole_seconds
from tenon.pipelines.models import StageHistory
from tests.pipelines.world import World

OPEN = ["prospect", "engage", "offer"]
STAGES = [*OPEN, "won", "lost"]


def stays(history):
    return [(entry.from_stage, entry.stage, entry.seconds) for entry in history if entry.kind == "stage"]


def test_each_move_closes_a_stay_and_begins_another(world):
    ann = world.hire("Ann")
    id_ = world.create(ann, amount=10, close_date=date(2026, 3, 1))
    world.clock.advance(hours=2)
    world.move(id_, "offer", ann, reason="they asked", values={"amount": 12})
    world.clock.advance(seconds=30)
    world.move(id_, "won", ann)
    history = world.history(id_)
    assert stays(history) == [(None, "prospect", 7200), ("prospect", "offer", 30), ("offer", "won", None)]
    offer = history[1]
    assert (offer.amount, offer.previous_amount) == (Decimal(12), Decimal(10))
    assert (offer.close_date, offer.previous_close_date) == (date(2026, 3, 1), date(2026, 3, 1))
    assert (offer.reason, offer.actor_id, offer.status) == ("they asked", ann.id, "open")
    assert (history[0].category, history[0].previous_amount) == ("pipeline", None)
    assert (offer.previous_category, offer.category) == ("pipeline", None)


def test_a_change_of_amount_or_close_date_within_a_stage_is_kept_too(world):
    id_ = world.create(amount=10)
    world.clock.advance(days=1)
    world.update(id_, amount=25, next_step="call")
    world.update(id_, next_step="call again")
    (value,) = [entry for entry in world.history(id_) if entry.kind == "value"]
    assert (value.stage, value.previous_amount, value.amount) == ("prospect", Decimal(10), Decimal(25))
    assert (value.entered_at, value.seconds) == (world.clock.now(), 0)


def test_a_record_that_is_imported_keeps_the_dates_of_its_export(world):
    note = {
        "history": [
            {"stage": "prospect", "at": date(2016, 10, 20)},
            {"stage": "engage", "at": "2016-11-01"},
            {"stage": "won", "at": datetime(2017, 3, 1, 12, tzinfo=UTC)},
        ]
    }
    id_ = world.create(note=note, amount=1054, stage="won")
    deal = world.deal(id_)
    assert deal["created_at"] == datetime(2016, 10, 20, tzinfo=UTC)
    assert deal["stage_since"] == datetime(2017, 3, 1, 12, tzinfo=UTC)
    assert stays(world.history(id_)) == [
        (None, "prospect", 12 * 86400),
        ("prospect", "engage", (30 + 31 + 31 + 28) * 86400 + 43200),
        ("engage", "won", None),
    ]
    assert [entry.status for entry in world.history(id_)] == ["open", "open", "won"]


def test_the_stage_of_an_import_follows_from_its_history(world):
    id_ = world.create(note={"history": [{"stage": "engage", "at": "2016-10-20"}]})
    assert world.deal(id_)["stage"] == "engage"


def test_a_move_entered_late_takes_along_what_changed_since(world):
    id_ = world.create(amount=1)
    entered = world.clock.advance(days=2)
    world.clock.advance(days=2)
    world.update(id_, amount=2)
    world.clock.advance(days=2)
    world.move(id_, "engage", at=entered, values={"amount": 3})
    assert [(e.kind, e.stage, e.previous_amount, e.amount) for e in world.history(id_)] == [
        ("stage", "prospect", None, Decimal(1)),
        ("stage", "engage", Decimal(2), Decimal(2)),
        ("value", "engage", Decimal(1), Decimal(2)),
        ("value", "engage", Decimal(2), Decimal(3)),
    ]


def test_known_dates_alone_make_a_history(world):
    created, since = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 11, tzinfo=UTC)
    id_ = world.create(facts={"created_at": created, "stage_since": since}, stage="engage")
    assert stays(world.history(id_)) == [(None, "prospect", 10 * 86400), ("prospect", "engage", None)]
    other = world.create(facts={"created_at": created})
    assert world.deal(other)["stage_since"] == created


def test_several_moves_in_one_transaction_are_all_kept(world):
    with world.records.writing(world.admin) as work:
        id_ = work.create("deal", {"name": "Quick"}).id
        work.update("deal", id_, {"stage": "engage"})
        work.update("deal", id_, {"stage": "lost"})
    assert stays(world.history(id_)) == [
        (None, "prospect", 0),
        ("prospect", "engage", 0),
        ("engage", "lost", None),
    ]


def test_many_records_move_with_a_row_each(world):
    with world.records.writing(world.admin) as work:
        made = work.bulk_create("deal", [{"name": f"Deal {n}"} for n in range(40)])
        moved = work.bulk_update("deal", [(deal.id, {"stage": "engage"}, None) for deal in made])
    assert {deal["stage"] for deal in moved} == {"engage"}
    assert len(world.rows(StageHistory.__table__)) == 80
    assert len(world.rows(StageHistory.__table__, StageHistory.left_at.is_(None))) == 40


def test_a_refused_move_leaves_no_trace(world):
    id_ = world.create()
    with pytest.raises(GuardError):
        world.move(id_, "won")
    assert stays(world.history(id_)) == [(None, "prospect", None)]
    assert world.named("stage.changed") == []


def test_history_hides_values_of_fields_the_reader_may_not_see(world):
    ann = world.hire("Ann")
    id_ = world.create(amount=10, close_date=date(2026, 3, 1))
    world.rules.hidden.add("amount")
    (entry,) = world.history(id_, ann)
    assert (entry.amount, entry.close_date) == (None, date(2026, 3, 1))


MOVES = st.lists(
    st.tuples(
        st.sampled_from(STAGES),
        st.floats(0, 40 * 86400, allow_nan=False),
        st.booleans(),
        st.none() | st.integers(1, 10**6),
    ),
    max_size=12,
)
IMPORTED = st.lists(st.tuples(st.sampled_from(STAGES), st.floats(0, 9 * 86400)), max_size=4)


@given(moves=MOVES, imported=IMPORTED)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_replaying_history_gives_the_present_and_its_stays_add_up_to_the_age(world, moves, imported):
    id_ = begin(world, imported)
    for stage, wait, late, amount in moves:
        world.clock.advance(seconds=wait)
        step(world, id_, stage, wait * 2 if late else 0, amount)
    world.clock.advance(minutes=7)
    deal, history = world.deal(id_), world.history(id_)
    assert replayed(history) == (deal["stage"], deal["stage_status"], deal["stage_since"], deal["amount"])
    end = world.clock.now() if deal["stage_status"] == "open" else deal["stage_since"]
    lasted = sum(seconds_by_stage(history, world.clock.now()).values())
    assert abs(lasted - (end - deal["created_at"]).total_seconds()) <= 1


def begin(world: World, imported):
    """A record as of now, or one with a history of some days before."""
    at = world.clock.now() - timedelta(days=60)
    history = []
    for stage, wait in imported:
        at += timedelta(seconds=wait)
        history.append({"stage": stage, "at": at})
    note = {"history": history, "override": True, "reason": "import"} if history else None
    return world.create(amount=1, close_date=date(2026, 3, 1), note=note)


def step(world: World, id_, stage, late, amount):
    """Try a move, dated back where that is possible, or change the amount."""
    if amount is not None and amount % 2:
        world.update(id_, amount=amount)
    at = max(world.clock.now() - timedelta(seconds=late), world.deal(id_)["stage_since"])
    try:
        world.move(id_, stage, at=at, values={"amount": amount} if amount else None)
    except ConflictError:
        assert not {world.deal(id_)["stage"], stage} & set(OPEN)


def replayed(history: list[StageEntry]):
    """The state that the rows lead to, by themselves."""
    stage = status = since = amount = None
    for entry in history:
        if entry.kind == "stage":
            assert entry.from_stage == stage
            stage, status, since = entry.stage, entry.status, entry.entered_at
        assert (entry.stage, entry.status) == (stage, status)
        amount = entry.amount
    return stage, status, since, amount


@given(st.lists(st.floats(0, 10**6), min_size=1, max_size=60))
def test_whole_seconds_add_up_however_many_stays_there_are(waits):
    moments = [datetime(2026, 1, 5, tzinfo=UTC)]
    for wait in waits:
        moments.append(moments[-1] + timedelta(seconds=wait))
    whole = sum(whole_seconds(start, end) for start, end in pairwise(moments))
    assert abs(whole - (moments[-1] - moments[0]).total_seconds()) <= 1


def test_rounding_each_stay_by_itself_would_drift():
    halves = [timedelta(seconds=1.5)] * 20
    rounded = sum(round(half.total_seconds()) for half in halves)
    assert abs(rounded - sum(halves, timedelta()).total_seconds()) > 1


def test_an_undone_move_restores_the_stage_without_asking_the_guards(world):
    from tenon.records.undo import undo_batch
    from tenon.storage.ids import new_id

    id_, batch = world.create(amount=5), new_id()
    with world.records.writing(world.admin, batch=batch) as work:
        work.update("deal", id_, {"stage": "won"})
        work.update("deal", id_, {"amount": 7})
    with world.records.writing(system("undo")) as work:
        assert undo_batch(work, batch).conflicts == []
    deal = world.deal(id_)
    assert (deal["stage"], deal["amount"], deal["stage_status"]) == ("prospect", Decimal(5), "open")


def test_an_undone_import_takes_its_history_along(world):
    from tenon.records.undo import undo_batch
    from tenon.storage.ids import new_id

    batch = new_id()
    with world.records.writing(world.admin, batch=batch) as work:
        work.bulk_create("deal", [{"name": "One"}, {"name": "Two"}])
    with world.records.writing(system("undo")) as work:
        assert undo_batch(work, batch).undone == 2
    assert world.rows(StageHistory.__table__) == []

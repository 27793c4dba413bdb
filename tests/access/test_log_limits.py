"""Nobody takes everything away at once: what is exported and read is told, and bounded (attack 34)."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenon.access.limits import Reads
from tenon.app import Tenon, create_tenon
from tenon.clock import ManualClock
from tenon.errors import LimitedError
from tenon.identity.actor import Actor, system
from tenon.records.exporting import export
from tenon.records.query import Query, Where
from tenon.settings import Settings
from tenon.testing import ApiClient
from tests.access.watching import logged

LAW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ROWS = 12
EVERY = Query()


@pytest.fixture
def tenon_settings(request: pytest.FixtureRequest) -> Settings:
    marker = request.node.get_closest_marker("tenon")
    return Settings.for_tests(plugins=["b2b_accounts"], **(marker.kwargs if marker else {}))


limits = pytest.mark.tenon


@pytest.fixture(autouse=True)
def accounts(tenon: Tenon) -> list[UUID]:
    with tenon.records.writing(system("a test")) as work:
        made = work.bulk_create("account", [{"name": f"Account {n}"} for n in range(ROWS)])
    return [record.id for record in made]  # type: ignore[union-attr]


def exported(tenon: Tenon, actor: Actor, query: Query = EVERY) -> int:
    return export(tenon.records, actor, "account", query, io.BytesIO(), fields=["name"])


# Exports


def test_an_export_is_told_with_its_rows_and_filter(tenon: Tenon, actor: Actor) -> None:
    query = Query(filter=Where("name", "ends_with", "1"), search="Account")
    assert exported(tenon, actor, query) == 2
    (entry,) = logged(tenon, "exported")
    assert (entry.actor_id, entry.entity, entry.count) == (actor.id, "account", 2)
    assert entry.detail == {
        "format": "csv",
        "filter": "name ends_with 1",
        "search": "Account",
        "fields": ["name"],
    }


def test_an_export_on_the_page_is_told_as_well(tenon: Tenon, signed_in: object) -> None:
    answer = signed_in.get("/accounts/export?format=csv")  # type: ignore[attr-defined]
    assert answer.status_code == 200
    answer.close()
    (entry,) = logged(tenon, "exported")
    assert (entry.count, entry.via, entry.actor_name) == (ROWS, "web", "Anna Example")


@limits(limits={"export_rows_per_day": 30})
def test_a_days_rows_are_bounded_and_come_back_after_a_day(
    tenon: Tenon, actor: Actor, clock: ManualClock
) -> None:
    assert exported(tenon, actor) + exported(tenon, actor) == 24
    with pytest.raises(LimitedError, match="6 are left of 30"):
        exported(tenon, actor)
    assert exported(tenon, actor, Query(filter=Where("name", "ends_with", "1"))) == 2
    (entry,) = logged(tenon, "limited")
    assert (entry.action, entry.entity, entry.reason) == ("export", "account", "rows")
    assert len(logged(tenon, "exported")) == 3
    clock.advance(days=1, seconds=1)
    assert exported(tenon, actor) == 12


@limits(limits={"export_rows_per_day": 11})
def test_not_one_row_of_an_export_beyond_the_bound_is_written(tenon: Tenon, actor: Actor) -> None:
    stream = io.BytesIO()
    with pytest.raises(LimitedError):
        export(tenon.records, actor, "account", Query(), stream)
    assert stream.getvalue() == b""


@limits(limits={"export_rows_per_day": 20})
def test_the_bound_is_each_users_own_and_not_the_systems(
    tenon: Tenon, actor: Actor, as_role: Callable[..., Actor]
) -> None:
    assert exported(tenon, actor) == exported(tenon, as_role()) == 12
    assert exported(tenon, system("a test")) + exported(tenon, system("a test")) == 24


@limits(limits={"export_rows_per_day": 20})
def test_another_process_knows_what_was_exported_here(tenon: Tenon, actor: Actor, clock: ManualClock) -> None:
    exported(tenon, actor)
    tenon.access_log.flush()
    other = create_tenon(tenon.settings, clock=clock, plugins=tenon.plugins)
    with pytest.raises(LimitedError):
        exported(other, actor)
    other.storage.close()


@limits(limits={"export_rows_per_day": 20})
def test_two_exports_at_once_share_the_bound(tenon: Tenon, actor: Actor) -> None:
    """The first is held in the midst of its rows; the second must not have them again."""
    reached, go_on = threading.Event(), threading.Event()

    def report(_count: int) -> None:
        reached.set()
        go_on.wait(10)

    def first() -> None:
        export(tenon.records, actor, "account", Query(), io.BytesIO(), report=report)

    running = threading.Thread(target=first)
    running.start()
    assert reached.wait(10)
    with pytest.raises(LimitedError):
        exported(tenon, actor)
    go_on.set()
    running.join(10)
    assert [e.count for e in logged(tenon, "exported")] == [12]


def test_an_export_that_breaks_is_told_with_what_it_gave(tenon: Tenon, actor: Actor) -> None:
    def fails(_count: int) -> None:
        raise OSError("the line went dead")

    with pytest.raises(OSError, match="dead"):
        export(tenon.records, actor, "account", Query(), io.BytesIO(), report=fails)
    (entry,) = logged(tenon, "exported")
    assert entry.count == ROWS
    assert entry.detail is not None
    assert entry.detail["complete"] is False


@limits(limits={"export_rows_per_day": 5})
def test_the_page_says_what_is_left_in_a_sentence(tenon: Tenon, signed_in: object) -> None:
    answer = signed_in.get("/accounts/export?format=csv")  # type: ignore[attr-defined]
    assert answer.status_code == 429
    assert "more rows than you may take today" in answer.get_data(as_text=True)


@limits(limits={"export_rows_per_day": 0})
def test_without_a_bound_nothing_is_counted(tenon: Tenon, actor: Actor) -> None:
    assert sum(exported(tenon, actor) for _time in range(5)) == 60
    assert logged(tenon, "limited") == []


# Reading


@limits(limits={"reads_per_hour": 25})
def test_reading_much_is_told_once_an_hour_and_goes_on(
    tenon: Tenon, api: ApiClient, clock: ManualClock
) -> None:
    for _time in range(5):
        assert len(api.get("/accounts")["data"]) == ROWS
    (entry,) = logged(tenon, "limited")
    assert (entry.reason, entry.entity, entry.count, entry.detail) == ("reads", "account", 1, {"limit": 25})
    clock.advance(hours=1)
    for _time in range(5):
        api.get("/accounts")
    assert len(logged(tenon, "limited")) == 2


@limits(limits={"reads_per_hour": 25, "refuse_reads": True})
def test_reading_more_is_refused_where_the_settings_say_so(
    tenon: Tenon, api: ApiClient, accounts: list[UUID], clock: ManualClock
) -> None:
    api.get("/accounts")
    api.get("/accounts")
    api.get(f"/accounts/{accounts[0]}")
    refused = api.get("/accounts", status=429)
    assert refused.json["code"] == "limited"
    assert refused.headers["Retry-After"] == str(3600)
    assert "Account 1" not in str(refused.json)
    assert api.get(f"/accounts/{accounts[0]}", status=429).json["code"] == "limited"
    clock.advance(hours=1)
    assert api.get("/accounts")["data"]


@limits(limits={"reads_per_hour": 25, "refuse_reads": True})
def test_pages_count_and_so_do_keys_of_the_same_user(tenon: Tenon, api: ApiClient, signed_in: object) -> None:
    api.get("/accounts")
    api.get("/accounts")
    answer = signed_in.get("/accounts")  # type: ignore[attr-defined]
    assert answer.status_code == 429
    assert "read more than 25 records" in answer.get_data(as_text=True)


@limits(limits={"reads_per_hour": 5, "refuse_reads": True})
def test_jobs_and_exports_are_not_reading(tenon: Tenon, actor: Actor) -> None:
    with tenon.records.reading(actor, via="job") as work:
        assert len(work.page("account").data) == ROWS
    assert exported(tenon, actor) == ROWS
    assert logged(tenon, "limited") == []


@LAW
@given(st.integers(1, 50), st.lists(st.integers(1, 20)))
def test_the_bound_is_passed_once_whatever_the_portions(most: int, portions: list[int]) -> None:
    reads, user, now = Reads(most), uuid4(), ManualClock().now()
    told = [reads.add(user, portion, now) for portion in portions]
    total = 0
    for portion, (over, _first) in zip(portions, told, strict=True):
        total += portion
        assert over is (total > most)
    assert sum(first for _over, first in told) == (sum(portions) > most)

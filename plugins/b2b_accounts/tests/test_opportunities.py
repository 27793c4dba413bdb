"""Opportunities and what guards their stages."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from tenon.app import Tenon
from tenon.errors import GuardError, InvalidError
from tenon.identity.actor import Actor
from tenon.records.query import Query, Where
from tenon_b2b_accounts.pipelines import NEW_BUSINESS


@pytest.fixture
def acme(tenon: Tenon, anna: Actor) -> UUID:
    with tenon.records.writing(anna) as work:
        return UUID(str(work.create("account", {"name": "Acme"}).id))


def make(tenon: Tenon, actor: Actor, **values: Any) -> UUID:
    with tenon.records.writing(actor) as work:
        return UUID(str(work.create("opportunity", {"name": "Sale", **values}).id))


def missing(tenon: Tenon, actor: Actor, id_: UUID, stage: str) -> set[str]:
    """The fields that the guards of a stage ask for."""
    with pytest.raises(GuardError) as caught, tenon.records.writing(actor) as work:
        work.update("opportunity", id_, {"stage": stage})
    return {p.pointer for p in caught.value.problems}


def test_an_opportunity_begins_in_the_first_stage_of_new_business(tenon: Tenon, anna: Actor) -> None:
    sale = make(tenon, anna)
    with tenon.records.reading(anna) as work:
        found = work.get("opportunity", sale)
    assert (found["pipeline"], found["stage"], found["stage_status"]) == (
        "new_business",
        "prospecting",
        "open",
    )


def test_one_without_an_account_is_kept_and_found(tenon: Tenon, anna: Actor, acme: UUID) -> None:
    orphan, _other = make(tenon, anna), make(tenon, anna, account_id=acme)
    with tenon.records.reading(anna) as work:
        found = work.page("opportunity", Query(filter=Where("account_id", "empty", True))).data
    assert [record.id for record in found] == [orphan]


def test_a_proposal_needs_an_amount_and_a_day(tenon: Tenon, anna: Actor) -> None:
    sale = make(tenon, anna)
    for stage in ("proposal", "negotiation"):
        assert missing(tenon, anna, sale, stage) == {"/amount", "/close_date"}
    with tenon.records.writing(anna) as work:
        given = {"stage": "proposal", "amount": "100", "close_date": date(2026, 3, 1)}
        assert work.update("opportunity", sale, given)["stage"] == "proposal"


def test_winning_needs_an_account_and_an_amount(tenon: Tenon, anna: Actor, acme: UUID) -> None:
    sale = make(tenon, anna)
    assert missing(tenon, anna, sale, "won") == {"/account_id", "/amount"}
    with tenon.records.writing(anna) as work:
        won = work.update("opportunity", sale, {"stage": "won", "account_id": acme, "amount": "100"})
    assert won["stage_status"] == "won"


def test_losing_needs_a_reason(tenon: Tenon, anna: Actor) -> None:
    sale = make(tenon, anna)
    assert missing(tenon, anna, sale, "lost") == {"/lost_reason"}
    with tenon.records.writing(anna) as work:
        assert (
            work.update("opportunity", sale, {"stage": "lost", "lost_reason": "price"})["stage_status"]
            == "lost"
        )


def test_a_renewal_moves_through_its_own_stages(tenon: Tenon, anna: Actor, acme: UUID) -> None:
    sale = make(tenon, anna, pipeline="renewal", account_id=acme, close_date=date(2026, 3, 1), amount="100")
    with tenon.records.writing(anna) as work:
        for stage in ("reviewing", "offered", "renewed"):
            assert work.update("opportunity", sale, {"stage": stage})["stage"] == stage


def test_the_stages_of_the_real_export_are_there() -> None:
    assert {"prospecting", "engaging", "won", "lost"} <= {stage.key for stage in NEW_BUSINESS.stages}


@pytest.mark.parametrize(
    ("values", "pointer"), [({"amount": "-1"}, "/amount"), ({"probability": 101}, "/probability")]
)
def test_figures_that_cannot_be_are_refused(
    tenon: Tenon, anna: Actor, values: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidError) as caught:
        make(tenon, anna, **values)
    assert [p.pointer for p in caught.value.problems] == [pointer]


def test_the_timeline_of_an_account_tells_of_its_opportunities(tenon: Tenon, anna: Actor, acme: UUID) -> None:
    sale = make(tenon, anna, account_id=acme)
    with tenon.records.writing(anna) as work:
        about = {"about_entity": "opportunity", "about_id": sale}
        work.create("activity", {"type": "call", "subject": "Asked for a discount", **about})
    with tenon.records.reading(anna) as work:
        titles = [item.title for item in tenon.records.timeline.page(work, "account", acme).data]
    assert "Asked for a discount" in titles

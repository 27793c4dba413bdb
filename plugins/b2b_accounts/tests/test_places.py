"""Places: who works where."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from tenon.app import Tenon
from tenon.errors import InvalidError
from tenon.identity.actor import Actor
from tenon.records.query import Query, Where
from tenon_b2b_accounts.place import people_at


@pytest.fixture
def acme(tenon: Tenon, anna: Actor) -> UUID:
    with tenon.records.writing(anna) as work:
        return UUID(str(work.create("account", {"name": "Acme"}).id))


@pytest.fixture
def ada(tenon: Tenon, anna: Actor) -> UUID:
    with tenon.records.writing(anna) as work:
        return UUID(str(work.create("contact", {"last_name": "Lovelace", "title": "Analyst"}).id))


def test_one_person_has_places_at_several_companies_over_time(
    tenon: Tenon, anna: Actor, acme: UUID, ada: UUID
) -> None:
    with tenon.records.writing(anna) as work:
        other = work.create("account", {"name": "Other"}).id
        work.create("account_contact", {"account_id": other, "contact_id": ada, "ends_on": date(2024, 6, 30)})
        work.create("account_contact", {"account_id": acme, "contact_id": ada, "starts_on": date(2024, 7, 1)})
    with tenon.records.reading(anna) as work:
        found = work.page("account_contact", Query(filter=Where("contact_id", "eq", ada))).data
    assert {place["account_id"] for place in found} == {acme, other}


def test_a_role_left_empty_is_the_job_title(tenon: Tenon, anna: Actor, acme: UUID, ada: UUID) -> None:
    with tenon.records.writing(anna) as work:
        place = work.create("account_contact", {"account_id": acme, "contact_id": ada})
    assert place["role"] == "Analyst"


def test_an_account_has_one_primary_person(tenon: Tenon, anna: Actor, acme: UUID, ada: UUID) -> None:
    with tenon.records.writing(anna) as work:
        first = work.create("account_contact", {"account_id": acme, "contact_id": ada, "is_primary": True})
        babbage = work.create("contact", {"last_name": "Babbage"}).id
        second = work.create(
            "account_contact", {"account_id": acme, "contact_id": babbage, "is_primary": True}
        )
    with tenon.records.reading(anna) as work:
        assert not work.get("account_contact", first.id)["is_primary"]
        assert work.get("account_contact", second.id)["is_primary"]
        assert [place.id for place in people_at(work, acme)] == [second.id, first.id]


def test_a_place_does_not_end_before_it_begins(tenon: Tenon, anna: Actor, acme: UUID, ada: UUID) -> None:
    values = {
        "account_id": acme,
        "contact_id": ada,
        "starts_on": date(2024, 7, 1),
        "ends_on": date(2024, 6, 30),
    }
    with pytest.raises(InvalidError) as caught, tenon.records.writing(anna) as work:
        work.create("account_contact", values)
    assert [(p.pointer, p.code) for p in caught.value.problems] == [("/ends_on", "before-start")]


def test_merging_people_keeps_every_place(tenon: Tenon, anna: Actor, acme: UUID, ada: UUID) -> None:
    from tenon.records.merge import merge

    with tenon.records.writing(anna) as work:
        double = work.create("contact", {"last_name": "Lovelacee"}).id
        place = work.create("account_contact", {"account_id": acme, "contact_id": double}).id
    with tenon.records.writing(anna) as work:
        merge(work, "contact", ada, double)
    with tenon.records.reading(anna) as work:
        assert work.get("account_contact", place)["contact_id"] == ada

"""The party directory."""

from __future__ import annotations

from uuid import UUID

import pytest

from tenon.app import Tenon
from tenon.errors import InvalidError
from tenon.identity.actor import Actor
from tenon.records.merge import merge, undo_merge
from tenon.records.query import Query
from tenon.records.undo import undo_batch
from tenon.storage.ids import new_id


def test_a_contact_has_a_party_of_its_id_in_the_same_transaction(world: Tenon, anna: Actor) -> None:
    with world.records.writing(anna) as work:
        contact = work.create(
            "contact", {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com"}
        )
    with world.records.reading(anna) as work:
        party = work.get("party", contact.id)
    assert (party["name"], party["kind"], party["entity"]) == ("Ada Lovelace", "person", "contact")
    assert (party["email"], party["owner_id"]) == ("ada@example.com", anna.id)


def test_a_party_follows_changes_archive_and_restore(world: Tenon, anna: Actor) -> None:
    with world.records.writing(anna) as work:
        contact = work.create("contact", {"last_name": "Lovelace"})
    with world.records.writing(anna) as work:
        work.update("contact", contact.id, {"last_name": "Byron", "phone": "+44 20 7946 0000"})
        work.archive("contact", contact.id)
    with world.records.reading(anna) as work:
        party = work.get("party", contact.id)
        assert (party["name"], party["phone"]) == ("Byron", "+442079460000")
        assert party.archived
    with world.records.writing(anna) as work:
        work.restore("contact", contact.id)
    with world.records.reading(anna) as work:
        assert not work.get("party", contact.id).archived


def test_a_change_that_the_directory_does_not_copy_leaves_it_alone(world: Tenon, anna: Actor) -> None:
    with world.records.writing(anna) as work:
        contact = work.create("contact", {"last_name": "Lovelace"})
    with world.records.writing(anna) as work:
        work.update("contact", contact.id, {"title": "Countess"})
    with world.records.reading(anna) as work:
        assert work.get("party", contact.id).version == 1


def test_a_refused_contact_leaves_no_party(world: Tenon, anna: Actor) -> None:
    with world.records.writing(anna) as work:
        results = work.bulk_create("contact", [{"last_name": "Lovelace"}, {"email": "nobody@example.com"}])
    assert isinstance(results[1], InvalidError)
    with world.records.reading(anna) as work:
        assert work.count("party") == 1


def test_many_contacts_have_as_many_parties(world: Tenon, anna: Actor) -> None:
    with world.records.writing(anna) as work:
        work.bulk_create("contact", [{"last_name": f"Person {n}"} for n in range(300)])
    with world.records.reading(anna) as work:
        assert work.count("party") == 300


def test_an_order_can_name_a_customer_made_in_the_same_transaction(world: Tenon, anna: Actor) -> None:
    with world.records.writing(anna) as work:
        contact = work.create("contact", {"last_name": "Lovelace"})
        work.create("order", {"party_id": contact.id})
    with world.records.reading(anna) as work:
        assert [o["party_id"] for o in work.page("order", Query()).data] == [contact.id]


def test_an_order_for_nobody_is_refused_with_the_field_to_mend(world: Tenon, anna: Actor) -> None:
    with pytest.raises(InvalidError) as caught, world.records.writing(anna) as work:
        work.create("order", {"party_id": anna.id})
    assert "/party_id" in [p.pointer for p in caught.value.problems]


def test_nobody_writes_in_the_directory_itself(world: Tenon, anna: Actor) -> None:
    with world.records.writing(anna) as work:
        contact = work.create("contact", {"last_name": "Lovelace"})
    with pytest.raises(InvalidError, match="follows the record"), world.records.writing(anna) as work:
        work.archive("party", contact.id)
    with pytest.raises(InvalidError), world.records.writing(anna) as work:
        work.create("party", {"name": "Somebody"})


def test_undoing_a_batch_takes_its_people_out_of_the_directory(world: Tenon, anna: Actor) -> None:
    batch = new_id()
    with world.records.writing(anna, batch=batch) as work:
        work.bulk_create("contact", [{"last_name": "Lovelace"}, {"last_name": "Babbage"}])
    with world.records.writing(anna) as work:
        assert undo_batch(work, batch).undone == 2
    with world.records.reading(anna) as work:
        assert work.count("party") == work.count("contact") == 0


def test_a_merge_moves_orders_and_activities_and_its_undo_brings_them_back(world: Tenon, anna: Actor) -> None:
    with world.records.writing(anna) as work:
        kept, double = (work.create("contact", {"last_name": name}).id for name in ("Lovelace", "Lovelacee"))
        order = work.create("order", {"party_id": double}).id
        call = work.create("activity", {"subject": "Call", "about_entity": "contact", "about_id": double}).id
    with world.records.writing(anna) as work:
        report = merge(work, "contact", kept, double)
    assert pointed_at(world, anna, order, call) == (kept, kept, kept)
    with world.records.reading(anna) as work:
        assert work.get("party", double).archived
    with world.records.writing(anna) as work:
        undo_merge(work, report.id)
    assert pointed_at(world, anna, order, call) == (double, double, double)
    with world.records.reading(anna) as work:
        assert not work.get("party", double).archived


def pointed_at(world: Tenon, actor: Actor, order: UUID, activity: UUID) -> tuple[UUID, UUID, UUID]:
    with world.records.reading(actor) as work:
        found = work.get("activity", activity)
        return work.get("order", order)["party_id"], found["about_id"], found["party_id"]

"""Accounts and the tree they make."""

from __future__ import annotations

import threading
from uuid import UUID

import pytest

from tenon.app import Tenon
from tenon.errors import InvalidError
from tenon.identity.actor import Actor


def make_chain(tenon: Tenon, actor: Actor, length: int) -> list[UUID]:
    """Accounts each of which belongs to the one before."""
    ids: list[UUID] = []
    with tenon.records.writing(actor) as work:
        for number in range(length):
            values = {"name": f"Level {number}", "parent_id": ids[-1] if ids else None}
            ids.append(work.create("account", values).id)
    return ids


def test_an_account_is_a_party(tenon: Tenon, anna: Actor) -> None:
    with tenon.records.writing(anna) as work:
        account = work.create("account", {"name": "Acme", "email": "office@example.com"})
    with tenon.records.reading(anna) as work:
        party = work.get("party", account.id)
    assert (party["name"], party["kind"], party["entity"]) == ("Acme", "organisation", "account")


def test_an_account_needs_a_name(tenon: Tenon, anna: Actor) -> None:
    with pytest.raises(InvalidError) as caught, tenon.records.writing(anna) as work:
        work.create("account", {"industry": "Water"})
    assert [p.pointer for p in caught.value.problems] == ["/name"]


@pytest.mark.parametrize("below", [0, 1, 2, 9])
def test_no_account_belongs_to_itself_or_to_one_below_it(tenon: Tenon, anna: Actor, below: int) -> None:
    chain = make_chain(tenon, anna, 10)
    with pytest.raises(InvalidError) as caught, tenon.records.writing(anna) as work:
        work.update("account", chain[0], {"parent_id": chain[below]})
    assert [(p.pointer, p.code) for p in caught.value.problems] == [("/parent_id", "cycle")]
    assert caught.value.status == 422


def test_a_circle_through_an_archived_account_is_one_too(tenon: Tenon, anna: Actor) -> None:
    chain = make_chain(tenon, anna, 3)
    with tenon.records.writing(anna) as work:
        work.archive("account", chain[1])
    with pytest.raises(InvalidError), tenon.records.writing(anna) as work:
        work.update("account", chain[0], {"parent_id": chain[2]})


def test_a_circle_made_within_one_transaction_is_refused(tenon: Tenon, anna: Actor) -> None:
    with tenon.records.writing(anna) as work:
        first, second = (work.create("account", {"name": name}).id for name in "AB")
        work.update("account", first, {"parent_id": second})
        with pytest.raises(InvalidError):
            work.update("account", second, {"parent_id": first})


def test_a_bulk_edit_makes_no_circle(tenon: Tenon, anna: Actor) -> None:
    with tenon.records.writing(anna) as work:
        first, second = (work.create("account", {"name": name}).id for name in "AB")
        items = [(first, {"parent_id": second}, None), (second, {"parent_id": first}, None)]
        results = work.bulk_update("account", items)
    assert [isinstance(result, InvalidError) for result in results] == [False, True]


def test_a_branch_may_move_to_another_tree(tenon: Tenon, anna: Actor) -> None:
    first, second = make_chain(tenon, anna, 3), make_chain(tenon, anna, 2)
    with tenon.records.writing(anna) as work:
        moved = work.update("account", first[1], {"parent_id": second[1]})
    assert moved["parent_id"] == second[1]


@pytest.mark.parametrize(
    ("values", "pointer"),
    [({"employees": -1}, "/employees"), ({"revenue": "-0.01"}, "/revenue"), ({"founded": 2999}, "/founded")],
)
def test_figures_that_cannot_be_are_refused(
    tenon: Tenon, anna: Actor, values: dict[str, object], pointer: str
) -> None:
    with pytest.raises(InvalidError) as caught, tenon.records.writing(anna) as work:
        work.create("account", {"name": "Acme", **values})
    assert [p.pointer for p in caught.value.problems] == [pointer]


def test_two_who_move_branches_at_once_make_no_circle(tenon: Tenon, anna: Actor) -> None:
    first, second = make_chain(tenon, anna, 1)[0], make_chain(tenon, anna, 1)[0]
    ready, refused = threading.Barrier(2, timeout=20), []

    def move(account: UUID, parent: UUID) -> None:
        ready.wait()
        try:
            with tenon.records.writing(anna) as work:
                work.update("account", account, {"parent_id": parent})
        except InvalidError as error:
            refused.append(error)

    threads = [threading.Thread(target=move, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1

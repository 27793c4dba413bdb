"""Orders, their numbers and their lines."""

from __future__ import annotations

import threading
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenon.app import Tenon
from tenon.clock import ManualClock
from tenon.errors import InvalidError, TenonError
from tenon.identity.actor import Actor
from tenon.money import rounded
from tenon.records import audit
from tenon.records.query import Query, Where


@pytest.fixture
def customer(world: Tenon, anna: Actor) -> UUID:
    with world.records.writing(anna) as work:
        return UUID(str(work.create("contact", {"last_name": "Lovelace"}).id))


@pytest.fixture
def product(world: Tenon, anna: Actor) -> UUID:
    with world.records.writing(anna) as work:
        values = {"name": "Engine", "sku": "E-1", "list_price": "120.50", "list_price_currency": "EUR"}
        return UUID(str(work.create("product", values).id))


def test_numbers_count_up_within_the_year(
    world: Tenon, anna: Actor, customer: UUID, clock: ManualClock
) -> None:
    with world.records.writing(anna) as work:
        numbers = [work.create("order", {"party_id": customer})["number"] for _n in range(2)]
    assert numbers == ["O-2026-000001", "O-2026-000002"]
    clock.advance(days=365)
    with world.records.writing(anna) as work:
        assert work.create("order", {"party_id": customer})["number"] == "O-2027-000001"


def test_a_number_typed_in_by_hand_is_stepped_over(world: Tenon, anna: Actor, customer: UUID) -> None:
    with world.records.writing(anna) as work:
        work.create("order", {"party_id": customer, "number": "O-2026-000001"})
        assert work.create("order", {"party_id": customer})["number"] == "O-2026-000002"


def test_orders_made_at_once_have_different_numbers(world: Tenon, anna: Actor, customer: UUID) -> None:
    failures: list[Exception] = []

    def order_some() -> None:
        try:
            for _n in range(5):
                with world.records.writing(anna) as work:
                    work.create("order", {"party_id": customer})
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=order_some) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with world.records.reading(anna) as work:
        numbers = [order["number"] for order in work.page("order", Query(size=100)).data]
    assert failures == []
    assert sorted(numbers) == [f"O-2026-{n:06}" for n in range(1, 21)]


def test_a_line_takes_description_and_price_from_its_product(
    world: Tenon, anna: Actor, customer: UUID, product: UUID
) -> None:
    with world.records.writing(anna) as work:
        order = work.create("order", {"party_id": customer, "total_currency": "EUR"})
        line = work.create("order_line", {"order_id": order.id, "product_id": product, "quantity": 3})
    assert (line["description"], line["unit_price"]) == ("Engine", Decimal("120.50"))
    assert (line["amount"], line["currency"], line["position"]) == (Decimal("361.50"), "EUR", 1)


def test_a_list_price_in_another_currency_is_not_taken(
    world: Tenon, anna: Actor, customer: UUID, product: UUID
) -> None:
    with world.records.writing(anna) as work:
        order = work.create("order", {"party_id": customer, "total_currency": "JPY"})
    with pytest.raises(InvalidError) as caught, world.records.writing(anna) as work:
        work.create("order_line", {"order_id": order.id, "product_id": product})
    assert [p.pointer for p in caught.value.problems] == ["/unit_price"]


def test_a_total_follows_every_change_of_its_lines(world: Tenon, anna: Actor, customer: UUID) -> None:
    with world.records.writing(anna) as work:
        order = work.create("order", {"party_id": customer})
        lines = [
            work.create("order_line", {"order_id": order.id, "unit_price": price}) for price in ("10", "2.50")
        ]
    assert total(world, anna, order.id) == Decimal("12.50")
    with world.records.writing(anna) as work:
        work.update("order_line", lines[0].id, {"quantity": 2})
    assert total(world, anna, order.id) == Decimal("22.50")
    with world.records.writing(anna) as work:
        work.archive("order_line", lines[0].id)
    assert total(world, anna, order.id) == Decimal("2.50")


def test_a_line_that_moves_changes_both_totals(world: Tenon, anna: Actor, customer: UUID) -> None:
    with world.records.writing(anna) as work:
        first, second = (work.create("order", {"party_id": customer}) for _n in range(2))
        line = work.create("order_line", {"order_id": first.id, "unit_price": "7"})
    with world.records.writing(anna) as work:
        work.update("order_line", line.id, {"order_id": second.id})
    assert (total(world, anna, first.id), total(world, anna, second.id)) == (Decimal(0), Decimal(7))


def test_the_trail_says_that_the_system_made_the_total(world: Tenon, anna: Actor, customer: UUID) -> None:
    with world.records.writing(anna) as work:
        order = work.create("order", {"party_id": customer})
        work.create("order_line", {"order_id": order.id, "unit_price": "7"})
    with world.records.reading(anna) as work:
        newest = audit.entries(work, "order", order.id)[0]
    assert newest.actor_name == "system: the total of an order follows its lines"
    assert newest.changes == {"total": ("0.00", "7.00")}


def test_the_currency_stays_while_there_are_lines(world: Tenon, anna: Actor, customer: UUID) -> None:
    with world.records.writing(anna) as work:
        order = work.create("order", {"party_id": customer, "total_currency": "EUR"})
        work.update("order", order.id, {"total_currency": "USD"})
        work.create("order_line", {"order_id": order.id, "unit_price": "7"})
    with pytest.raises(InvalidError, match="currency of an order"), world.records.writing(anna) as work:
        work.update("order", order.id, {"total_currency": "JPY"})


def test_an_order_that_is_placed_has_a_day(world: Tenon, anna: Actor, customer: UUID) -> None:
    with world.records.writing(anna) as work:
        order = work.create("order", {"party_id": customer})
        assert order["placed_on"] is None
        assert work.update("order", order.id, {"status": "placed"})["placed_on"] == world.clock.now().date()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    currency=st.sampled_from(["EUR", "JPY", "KWD"]),
    lines=st.lists(
        st.tuples(
            st.decimals("0", "1000", places=3),
            st.decimals("0", "10000", places=2),
            st.booleans(),
        ),
        max_size=5,
    ),
)
def test_a_total_is_the_sum_of_rounded_amounts(
    world: Tenon, anna: Actor, customer: UUID, currency: str, lines: list[tuple[Decimal, Decimal, bool]]
) -> None:
    with world.records.writing(anna) as work:
        order = work.create("order", {"party_id": customer, "total_currency": currency})
        for quantity, price, kept in lines:
            line = work.create(
                "order_line", {"order_id": order.id, "quantity": quantity, "unit_price": price}
            )
            if not kept:
                work.archive("order_line", line.id)
    expected = sum((rounded(q * p, currency) for q, p, kept in lines if kept), Decimal(0))
    assert total(world, anna, order.id) == expected


def test_a_line_of_no_order_is_refused(world: Tenon, anna: Actor) -> None:
    with pytest.raises(TenonError) as caught, world.records.writing(anna) as work:
        work.create("order_line", {"order_id": anna.id, "unit_price": "7"})
    assert [p.pointer for p in caught.value.problems] == ["/order_id"]


def total(world: Tenon, actor: Actor, order_id: UUID) -> Decimal:
    with world.records.reading(actor) as work:
        found = work.page("order", Query(filter=Where("id", "eq", order_id))).data[0]["total"]
    assert isinstance(found, Decimal)
    return found

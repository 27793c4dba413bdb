from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tenon.access import ALL_FIELDS, FieldSet
from tenon.exchange.models import events
from tenon.exchange.payload import json_safe, of_change, restricted
from tenon.messages import _
from tenon.records.signals import Change, Signals
from tests.exchange.world import RECORD, Told, World


@dataclass
class Kind:
    name: str = "account"


@dataclass
class Row:
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        return self.values["id"]

    def get(self, path: str, default: Any = None) -> Any:
        return self.values.get(path, default)


def change(action: str, before: dict[str, Any] | None, **values: Any) -> Change:
    row = None if before is None else Row({"id": RECORD, **before})
    after = Row({"id": RECORD, **(before or {}), **values})
    return Change(Kind(), action, row, {"id": RECORD, **values}, after=after)


def test_a_write_that_is_rolled_back_leaves_no_event(make_world):
    world = make_world()

    def fail_after_the_event() -> None:
        with world.working() as work:
            world.exchange.emit(work, "demo.happened", "account", RECORD, {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_the_event()
    with world.storage.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(events)) == 0


def test_every_change_of_a_flush_becomes_an_event_in_one_statement(make_world):
    world = make_world()
    signals = Signals()
    world.exchange.subscribe(signals)
    statements: list[str] = []
    sa.event.listen(world.storage.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    with world.working() as work:
        changes = [change("create", None, name="Acme"), change("update", {"name": "Acme"}, name="Acme Ltd")]
        for handler in signals.written:
            handler(work, changes)
    assert len([text for text in statements if text.startswith("INSERT")]) == 1
    with world.storage.reading() as connection:
        rows = connection.execute(sa.select(events).order_by(events.c.seq)).all()
    assert [row.name for row in rows] == ["record.created", "record.updated"]
    assert rows[0].payload == {"record": {"id": str(RECORD), "name": "Acme"}}
    assert rows[1].payload == {"changes": {"name": ["Acme", "Acme Ltd"]}}
    assert {row.lane for row in rows} == {f"account:{RECORD}"}


def test_a_payload_says_only_what_changed():
    payload = of_change(change("update", {"name": "Acme", "size": 5}, name="Acme", size=6))
    assert payload == {"changes": {"size": [5, 6]}}


def test_a_custom_field_is_told_of_under_its_own_path_alone():
    hidden = {"custom": {"size": 5, "secret": "x"}, "custom.size": 5}
    change_ = change("update", hidden, **{"custom.size": 6, "custom": {"size": 6, "secret": "x"}})
    assert of_change(change_) == {"changes": {"custom.size": [5, 6]}}
    made = change("create", None, **{"custom.size": 6, "custom": {"size": 6, "secret": "x"}})
    assert of_change(made)["record"].keys() == {"id", "custom.size"}


def test_values_become_json_as_the_api_writes_them():
    moment = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
    values = [RECORD, Decimal("1054.00"), moment, date(2026, 1, 5), {"b", "a"}, (1, None), _("Won"), True]
    assert json_safe(values) == [
        "00000000-0000-0000-0000-000000000001",
        "1054.00",
        "2026-01-05T09:00:00Z",
        "2026-01-05",
        ["a", "b"],
        [1, None],
        "Won",
        True,
    ]


def test_a_value_that_is_no_data_is_refused_where_it_is_written():
    with pytest.raises(TypeError, match="an event cannot carry"):
        json_safe(object())


def test_a_field_set_takes_hidden_fields_and_notes_out_of_a_payload():
    payload = {
        "changes": {"name": ["a", "b"], "revenue": [1, 2]},
        "record": {"revenue": 3},
        "note": {"reason": "secret"},
        "from": "new",
        "revenue": 5,
        "somebody_elses": 1,
        "decision": "approved",
    }
    shown = restricted(payload, FieldSet(frozenset({"name"})))
    assert shown == {"changes": {"name": ["a", "b"]}, "record": {}, "decision": "approved"}
    assert restricted(payload, ALL_FIELDS).keys() == payload.keys() - {"note"}


def test_an_event_that_nobody_wants_makes_no_delivery(make_world):
    told = Told(events=("stage.*",))
    world: World = make_world(subscribers=[told.contribution])
    world.happen()
    world.run()
    assert world.states() == []
    with world.storage.reading() as connection:
        assert connection.scalars(sa.select(events.c.state)).all() == ["fanned"]


def test_names_and_prefixes_choose_events(make_world):
    stages, exact, everything = Told("a", ("stage.*",)), Told("b", ("record.created",)), Told("c")
    world = make_world(subscribers=[t.contribution for t in (stages, exact, everything)])
    for name in ("record.created", "record.updated", "stage.changed", "stages.changed"):
        world.happen(name=name)
    world.run()
    assert stages.names == ["stage.changed"]
    assert exact.names == ["record.created"]
    assert len(everything.names) == 4

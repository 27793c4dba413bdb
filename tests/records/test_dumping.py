"""The compiled dump gives what marshmallow gives."""

from __future__ import annotations

from typing import Any

from tenon.records import Record, custom
from tenon.records.custom import Definition
from tenon.storage import json
from tests.records.conftest import World
from tests.records.test_writing import WHOLE


def by_marshmallow(record: Record) -> Any:
    whole = {p: v for p, v in record.values.items() if "." not in p and p != "custom"}
    return record.entity.schema().dump({**whole, "custom": dict(record.custom), "ext": record.ext})


def test_the_compiled_dump_equals_the_plain_one(world: World) -> None:
    world.write(lambda work: custom.define(work, Definition("specimen", "size", "Size", "number")))
    for values in (WHOLE, {"name": "bare"}, {"name": "some", "custom": {"size": "2.5"}, "weight": "-0.001"}):
        record = world.get("specimen", world.create("specimen", **values).id)
        compiled = world.records.dump(record.entity)(record)
        assert json.loads(json.dumps(compiled)) == json.loads(json.dumps(by_marshmallow(record)))


def test_chosen_fields_come_alone_with_the_id(world: World) -> None:
    record = world.get("specimen", world.create("specimen", **WHOLE).id)
    dump = world.records.dump(record.entity, ("price", "ext.care.keeper"))
    assert dump(record) == {"id": record.id, "price": "1054.00", "ext": {"care": {"keeper": "Bo"}}}

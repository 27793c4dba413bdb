"""A field function makes a column that knows what it means."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from tenon.messages import _
from tenon.storage import fields
from tenon.storage.fields import Choice, FieldSpec

LABEL = _("Label")


@pytest.mark.parametrize(
    ("made", "kind", "type_"),
    [
        (fields.text(LABEL), "text", "VARCHAR(200)"),
        (fields.long_text(LABEL), "long_text", "TEXT"),
        (fields.integer(LABEL), "integer", "BIGINT"),
        (fields.number(LABEL, scale=2), "number", "NUMERIC(24, 2)"),
        (fields.money(LABEL, currency="amount_currency"), "money", "NUMERIC(24, 4)"),
        (fields.currency(LABEL), "currency", "VARCHAR(3)"),
        (fields.date(LABEL), "date", "DATE"),
        (fields.moment(LABEL), "datetime", "TIMESTAMP WITH TIME ZONE"),
        (fields.boolean(LABEL), "boolean", "BOOLEAN"),
        (fields.choice(LABEL, [Choice("a", "A")]), "choice", "VARCHAR(60)"),
        (fields.multi_choice(LABEL, [Choice("a", "A")]), "multi_choice", "JSONB"),
        (fields.reference(LABEL, to="user", column="identity_user.id"), "reference", "UUID"),
        (fields.url(LABEL), "url", "VARCHAR(2000)"),
        (fields.email(LABEL), "email", "VARCHAR(254)"),
        (fields.phone(LABEL), "phone", "VARCHAR(40)"),
    ],
)
def test_each_kind_of_field_has_its_column_type(made: Any, kind: str, type_: str) -> None:
    from sqlalchemy.dialects import postgresql

    spec: FieldSpec = made.column.info["field"]
    assert (spec.kind, spec.label) == (kind, LABEL)
    assert made.column.type.compile(dialect=postgresql.dialect()) == type_
    assert made.column.nullable


def test_a_required_field_may_not_be_null_and_a_unique_one_not_twice() -> None:
    column = fields.text(LABEL, required=True, unique=True).column
    assert not column.nullable
    assert column.unique


def test_a_reference_is_indexed_and_refuses_to_lose_what_it_points_at() -> None:
    column = fields.reference(LABEL, to="team", column="identity_team.id").column
    (key,) = column.foreign_keys
    assert column.index
    assert (key.target_fullname, key.ondelete, key.use_alter) == ("identity_team.id", "RESTRICT", False)
    assert column.info["field"].to == "team"


def test_an_unknown_property_of_a_field_is_an_error() -> None:
    with pytest.raises(TypeError, match="requird"):
        fields.text(LABEL, requird=True)


def test_text_is_as_long_as_it_says() -> None:
    column = fields.text(LABEL, max_length=7).column
    assert isinstance(column.type, sa.String)
    assert column.type.length == column.info["field"].max_length == 7

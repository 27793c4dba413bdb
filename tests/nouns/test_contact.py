"""Contacts and their names."""

from __future__ import annotations

import pytest

from tenon.app import Tenon
from tenon.errors import InvalidError
from tenon.identity.actor import Actor
from tenon.nouns.contact import full_name


@pytest.mark.parametrize(
    ("first", "last", "language", "expected"),
    [
        ("Ada", "Lovelace", None, "Ada Lovelace"),
        ("小明", "王", None, "王小明"),
        ("Văn An", "Nguyễn", "vi", "Nguyễn Văn An"),
        ("Sándor", "Petőfi", "hu-HU", "Petőfi Sándor"),
        (None, "Suharto", "id", "Suharto"),
        ("  Ada ", None, None, "Ada"),
        ("Xiaoming", "Wang", "zh-Hans", "Wang Xiaoming"),
        (None, None, None, ""),
    ],
)
def test_a_name_stands_in_the_order_of_its_language(
    first: str | None, last: str | None, language: str | None, expected: str
) -> None:
    assert full_name(first, last, language) == expected


def test_a_name_follows_its_parts(world: Tenon, anna: Actor) -> None:
    with world.records.writing(anna) as work:
        contact = work.create("contact", {"first_name": "Ada", "last_name": "Byron"})
        assert contact["name"] == "Ada Byron"
        assert work.update("contact", contact.id, {"last_name": "Lovelace"})["name"] == "Ada Lovelace"


def test_a_person_needs_a_name(world: Tenon, anna: Actor) -> None:
    with pytest.raises(InvalidError) as caught, world.records.writing(anna) as work:
        work.create("contact", {"email": "ada@example.com"})
    assert [(p.pointer, p.code) for p in caught.value.problems] == [("/last_name", "required")]

"""Texts that are kept, joined and shown later are still translated then."""

from __future__ import annotations

from datetime import UTC, datetime

from tenon.messages import Message, _, dumped, joined, loaded
from tenon.nearest import did_you_mean
from tenon.web.i18n import Catalogues, reader_for

VIETNAMESE = reader_for(Catalogues(["tenon"]), "vi", None, datetime(2026, 1, 5, tzinfo=UTC))


def test_a_text_that_was_kept_is_translated_when_it_is_shown() -> None:
    told = _("%(title)s is archived. It can be restored at any time.", title="Acme")
    again = loaded(dumped(told))
    assert again == told
    assert VIETNAMESE.label(again).startswith("Đã lưu trữ “Acme”")


def test_what_a_customer_typed_is_kept_as_it_is() -> None:
    typed = loaded(dumped("100 % \x00 \udc80"))
    assert typed == "100 % \x00 \udc80"
    assert not isinstance(typed, Message)


def test_every_part_of_a_joined_text_is_translated() -> None:
    told = joined([_("Yes"), "50 %", _("No")], "; ")
    assert told == "Yes; 50 %; No"
    assert VIETNAMESE.text(told) == f"{VIETNAMESE.text(_('Yes'))}; 50 %; {VIETNAMESE.text(_('No'))}"


def test_a_near_name_is_offered_in_the_readers_language() -> None:
    told = _("There is no %(key)s here", key="nmae") + did_you_mean("nmae", ["name"])
    assert told == "There is no nmae here: did you mean 'name'?"
    assert VIETNAMESE.text(told).endswith(": có phải ý bạn là 'name'?")

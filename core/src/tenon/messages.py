"""Texts a person reads, marked once and translated where they are shown.

Lower rooms know nothing of languages. They mark a text with :func:`_`; a face
translates it with the catalogue of whoever reads it. A ``Message`` *is* its
English text, so it can be logged, compared and raised as any string.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any


class Message(str):
    """An English text that knows its untranslated form.

    ``msgid`` is what stands in the catalogue; ``params`` fill its
    ``%(name)s`` places. Labels of plugins and of the kernel are Messages;
    what a customer typed is a plain ``str`` and is never translated.
    """

    __slots__ = ("msgid", "params")

    msgid: str
    params: dict[str, Any]

    def __new__(cls, msgid: str, /, **params: Any) -> Message:
        text = str.__new__(cls, msgid % params if params else msgid)
        text.msgid = msgid
        text.params = params
        return text

    def __add__(self, more: str, /) -> Message:
        """Both texts as one, each of which is translated by itself."""
        return joined((self, more), "") if more else self

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restore, (self.msgid, self.params))


def _restore(msgid: str, params: dict[str, Any]) -> Message:
    return Message(msgid, **params)


def _(msgid: str, /, **params: Any) -> Message:
    """Mark ``msgid`` for translation, with values for its ``%(name)s`` places."""
    return Message(msgid, **params)


def joined(parts: Iterable[str], separator: str = ", ") -> Message:
    """Several texts as one: those of them that are Messages are still translated where it is shown."""
    given = {str(number): part for number, part in enumerate(parts)}
    return Message(separator.replace("%", "%%").join(f"%({number})s" for number in given), **given)


def dumped(text: str) -> str:
    """A text as JSON in ASCII, for a table: a Message is one again when it is :func:`loaded`."""
    return json.dumps(_plain(text))


def loaded(stored: str) -> str:
    """What :func:`dumped` was given, the values in a Message as texts and numbers."""
    found: str = _revived(json.loads(stored))
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Message):
        return {"msgid": value.msgid, "params": {name: _plain(part) for name, part in value.params.items()}}
    return value if isinstance(value, int | float | None) else str(value)


def _revived(stored: Any) -> Any:
    if not isinstance(stored, dict):
        return stored
    return Message(stored["msgid"], **{name: _revived(part) for name, part in stored["params"].items()})

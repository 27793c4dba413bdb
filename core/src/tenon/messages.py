"""Texts a person reads, marked once and translated where they are shown.

Lower rooms know nothing of languages. They mark a text with :func:`_`; a face
translates it with the catalogue of whoever reads it. A ``Message`` *is* its
English text, so it can be logged, compared and raised as any string.
"""

from __future__ import annotations

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

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restore, (self.msgid, self.params))


def _restore(msgid: str, params: dict[str, Any]) -> Message:
    return Message(msgid, **params)


def _(msgid: str, /, **params: Any) -> Message:
    """Mark ``msgid`` for translation, with values for its ``%(name)s`` places."""
    return Message(msgid, **params)

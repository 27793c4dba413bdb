"""Texts that a spreadsheet must not take for formulas (OWASP, CSV injection)."""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def harmless(text: str) -> str:
    """``text`` with an apostrophe in front where a spreadsheet would calculate it.

    A text that has the apostrophe already gets another, so that an import, which
    takes one away, gives back exactly what was there.
    """
    return f"'{text}" if _FORMULA.match(text) else text

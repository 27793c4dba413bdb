"""What a page says at its top, once, after something was done."""

from __future__ import annotations

import flask

from .context import reader


def flash(text: str, category: str = "message") -> None:
    """Say ``text`` on the next page, in the language of whoever did it.

    The session's cookie keeps plain text alone, so a marked text is translated before it goes in.
    """
    flask.flash(reader().label(text), category)

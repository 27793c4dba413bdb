"""An exception in one line, for the delivery log."""

from __future__ import annotations

import traceback


def brief(error: BaseException) -> str:
    """``ValueError: no such tier (loyalty/tiers.py:42 in grade)``: what, and where it was raised.

    A target that is broken fails for every event, so this stays cheap: no
    source is read and no variables are shown, which may be secret.
    """
    where = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        parts = frame.f_code.co_filename.replace("\\", "/").split("/")
        where = f" ({'/'.join(parts[-2:])}:{line} in {frame.f_code.co_name})"
    return f"{error.__class__.__name__}: {str(error).strip()[:1800]}{where}"

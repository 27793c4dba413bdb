"""Column names that can be told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ...messages import _
from .limits import Limits
from .problems import FileError
from .rows import OWN_COLUMNS


def column_names(titles: Sequence[Any], limits: Limits) -> tuple[str, ...]:
    """The names a map uses for columns titled ``titles``.

    A title that occurs twice becomes ``Phone (1)`` and ``Phone (2)``, one that is empty
    ``column 3``. Raises :class:`FileError` for no title at all and for too many.
    """
    texts = _without_empty_end([str(title).strip() if title is not None else "" for title in titles])
    if not texts:
        raise FileError(
            _("The first row has no column titles"),
            hint=_("Put the names of the columns into the first row of the file."),
        )
    if len(texts) > limits.columns:
        raise FileError(
            _(
                "The file has %(count)s columns; at most %(limit)s are read",
                count=len(texts),
                limit=limits.columns,
            ),
            hint=_("Leave out the columns that are not needed, or check the delimiter."),
        )
    return _distinct(texts)


def _without_empty_end(texts: list[str]) -> list[str]:
    while texts and not texts[-1]:
        texts.pop()
    return texts


def _distinct(texts: list[str]) -> tuple[str, ...]:
    times = Counter(text for text in texts if text not in OWN_COLUMNS)
    seen: Counter[str] = Counter()
    names = []
    for place, text in enumerate(texts, 1):
        seen[text] += 1
        if not text:
            names.append(f"column {place}")
        elif times[text] > 1:
            names.append(f"{text} ({seen[text]})")
        else:
            names.append(text)
    return tuple(names)

"""The nearest right name for a wrong one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from .messages import Message, _


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The one of ``known`` that ``name`` was most likely meant to be, if any is near.

    The answer is the same on every run: names of equal likeness are decided by
    their order in the alphabet.
    """
    folded = {candidate.casefold(): candidate for candidate in sorted(known, reverse=True)}
    matches = get_close_matches(name.casefold(), sorted(folded), n=1, cutoff=cutoff)
    return folded[matches[0]] if matches else None


def did_you_mean(name: str, known: Iterable[str]) -> Message | str:
    """``": did you mean 'database'?"``, or nothing when no known name is near."""
    match = nearest(name, known)
    return _(": did you mean %(name)s?", name=repr(match)) if match else ""


def listed(names: Iterable[str], limit: int = 12) -> Message | str:
    """Names in the order of the alphabet, for a sentence: ``a, b and 3 more``."""
    every = sorted(set(names))
    if not every:
        return _("none")
    if len(every) <= limit:
        return ", ".join(every)
    first = ", ".join(every[:limit])
    return _("%(names)s and %(count)s more", names=first, count=len(every) - limit)

"""What can be wrong with a file or a map before a single row is looked at."""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import BadRequestError, InvalidError, Problem
from ...messages import Message, _, joined


class FileError(BadRequestError):
    """The file cannot be read as rows and columns; nothing of it was imported."""

    code = "import-file"
    title = _("The file cannot be read")


class MapError(InvalidError):
    """The map does not fit the file or the entity; ``problems`` lists every reason."""

    code = "import-map"
    title = _("The map does not fit")


def at(place: str, detail: str) -> Message:
    """What is wrong, and with which column, field or key."""
    return _("%(place)s: %(detail)s", place=place, detail=detail)


def one_line(problems: Iterable[Problem]) -> Message | str:
    """Everything that is wrong with a row, once each, in one line."""
    parts = [
        at(p.pointer.lstrip("/").replace("/", "."), p.detail) if p.pointer else p.detail for p in problems
    ]
    found = joined(dict.fromkeys(parts), "; ")
    return found.replace("\n", " ") if "\n" in found else found

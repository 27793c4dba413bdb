"""What can be wrong with a file or a map before a single row is looked at."""

from __future__ import annotations

from ...errors import BadRequestError, InvalidError
from ...messages import _


class FileError(BadRequestError):
    """The file cannot be read as rows and columns; nothing of it was imported."""

    code = "import-file"
    title = _("The file cannot be read")


class MapError(InvalidError):
    """The map does not fit the file or the entity; ``problems`` lists every reason."""

    code = "import-map"
    title = _("The map does not fit")

"""Uploaded files on their way to becoming an import: kept per person until they are carried out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from werkzeug.datastructures import FileStorage
from werkzeug.utils import secure_filename

from ..errors import InvalidError, NotFoundError, Problem
from ..identity.actor import Actor
from ..messages import _
from ..records.importing.source import open_source
from ..settings import Settings
from ..storage.ids import new_id

SAMPLES = 3
# The end of a name says what is in the file, and file systems bound its length.
LONGEST_NAME = 100


@dataclass(frozen=True)
class Draft:
    """An uploaded file. Its folder is named after whoever sent it, so nobody else finds it."""

    id: UUID
    folder: Path

    @property
    def file(self) -> Path:
        """The uploaded file itself."""
        found = next((path for path in (self.folder / "file").iterdir()), None)
        if found is None:
            raise NotFoundError(_("The uploaded file is not there any more"), hint=_("Upload it again."))
        return found

    @property
    def map_text(self) -> str | None:
        """The map as it was last written down."""
        path = self.folder / "map.toml"
        return path.read_text("utf-8") if path.is_file() else None

    def keep_map(self, text: str) -> None:
        (self.folder / "map.toml").write_text(text, "utf-8")

    def samples(self) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """The columns' names, and the first few rows."""
        source = open_source(self.file)
        width = len(source.layout.header)
        rows: Iterator[Any] = islice(source.rows(), SAMPLES)
        return source.layout.header, [tuple(_padded(row.cells, width)) for row in rows]


def _padded(cells: Any, width: int) -> list[Any]:
    found = list(cells)[:width]
    return found + [None] * (width - len(found))


class Drafts:
    """The uploads of a deployment, in its folder for what it writes."""

    def __init__(self, settings: Settings) -> None:
        self._root = (settings.root / settings.var / "imports").absolute()

    def add(self, who: Actor, upload: FileStorage | None) -> Draft:
        """Keep an uploaded file; ``InvalidError`` where there is none, or nothing in it."""
        name = secure_filename(upload.filename or "")[-LONGEST_NAME:] if upload else ""
        if upload is None or not upload.filename:
            raise _no_file(_("Choose a file"))
        draft_id = new_id()
        draft = Draft(draft_id, self._folder(who) / str(draft_id))
        (draft.folder / "file").mkdir(parents=True)
        upload.save(draft.folder / "file" / (name or "upload.csv"))
        return draft

    def get(self, who: Actor, draft_id: UUID) -> Draft:
        """One's own draft, or ``NotFoundError``."""
        folder = self._folder(who) / str(draft_id)
        if not folder.is_dir():
            raise NotFoundError(_("There is no such upload of yours"), hint=_("Upload the file again."))
        return Draft(draft_id, folder)

    def drop(self, draft: Draft) -> None:
        """Forget a draft that will not be imported."""
        shutil.rmtree(draft.folder, ignore_errors=True)

    def _folder(self, who: Actor) -> Path:
        return self._root / str(who.id)


def _no_file(detail: str) -> InvalidError:
    return InvalidError(detail, problems=[Problem("/file", "required", detail)])

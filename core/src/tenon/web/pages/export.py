"""The very list that one sees, as a file."""

from __future__ import annotations

import tempfile

from flask import Blueprint, request, send_file
from werkzeug.wrappers import Response

from ...records.exporting import export as write_export
from ...records.registry import EntityType
from ..context import actor, reader, tenon
from ..listing import read_state
from .lists import visible

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/x-ndjson",
}
IN_MEMORY = 8_000_000


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/<entity:entity>/export", "export", export)


def export(entity: EntityType) -> Response:
    """Every record of the list, with its columns; what a reference is called stands beside its id."""
    state = read_state(entity, request.args)
    kind = request.args.get("format", "csv")
    with tenon().records.reading(actor(), via="web") as work:
        columns = [f.path for f in state.shown(visible(work, entity))]
    # The whole file is made before the first byte is sent, so that a failure is a page and not half a file.
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
    query = state.query(size=1000, after=None, total=False)
    try:
        write_export(tenon().records, actor(), entity.name, query, file, format=kind, fields=["id", *columns])
    except BaseException:
        file.close()
        raise
    file.seek(0)
    name = f"{entity.collection}-{reader().today.isoformat()}.{kind}"
    return send_file(file, mimetype=TYPES[kind], as_attachment=True, download_name=name, max_age=0)

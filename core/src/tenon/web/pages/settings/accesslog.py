"""The access log: who was refused what, who signed in, what was exported; filtered, and as a file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from ....access.entries import Entry, Wanted, all_entries, entries
from ....access.kinds import KINDS, REASONS
from ....errors import BadRequestError
from ....messages import Message, _
from ....records.exporting.writers import write_csv
from ....storage import json
from ...context import actor, reader, tenon
from .admin import admins_only

SHOWN = 50
SYSTEM = "system"
IN_MEMORY = 8_000_000
FILTERS = ("actor", "kind", "entity", "day")
ACTIONS: Mapping[str, Message] = {
    "read": _("Read"),
    "create": _("Create"),
    "update": _("Change"),
    "assign": _("Give to another owner"),
    "archive": _("Archive"),
    "merge": _("Merge"),
    "export": _("Export"),
    "import": _("Import"),
    "transition": _("Move to another stage"),
    "customize": _("Change its fields"),
    "settings": _("See the settings"),
    "access_log": _("The access log"),
    "created": _("Made"),
    "revoked": _("Revoked"),
    "changed": _("Changed"),
    "ended": _("Ended"),
    "on": _("Switched on"),
    "off": _("Switched off"),
    "codes": _("New recovery codes"),
    "reset": _("Reset by somebody else"),
    "refused": _("Refused"),
    "asked again": _("Password asked for again"),
}


@dataclass(frozen=True)
class Line:
    """An entry as it is shown; ``record`` is what people call the record, ``url`` where it is."""

    entry: Entry
    kind: Message | str
    entity: Message | str | None
    action: Message | str | None
    reason: Message | str | None
    record: str | None
    url: str | None
    detail: list[tuple[str, str]]


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/settings/access-log", "access_log", access_log)
    pages.add_url_rule("/settings/access-log/export", "export_access_log", export_access_log)


@admins_only
def access_log() -> str:
    found = entries(tenon().storage, _wanted(), SHOWN + 1)
    chosen: dict[str, Any] = {name: request.args[name] for name in FILTERS if request.args.get(name)}
    last = found[SHOWN - 1] if len(found) > SHOWN else None
    older = url_for("web.access_log", **chosen, before=f"{last.at.isoformat()}_{last.id}") if last else None
    return render_template(
        "tenon/settings/access_log.html",
        lines=_lines(found[:SHOWN]),
        older=older,
        chosen=chosen,
        kinds=KINDS,
        users=tenon().identity.users.all(),
        types=list(tenon().records.registry),
        system=SYSTEM,
        export_url=url_for("web.export_access_log", **chosen),
        days=tenon().settings.limits.access_log_days,
    )


@admins_only
def export_access_log() -> Response:
    """The entries that the filter leaves, all of them, as CSV that a spreadsheet calculates nothing in."""
    header = [f.name for f in fields(Entry)]
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
    try:
        count = write_csv(file, header, _cells(all_entries(tenon().storage, _wanted())))
    except BaseException:
        file.close()
        raise
    told = {name: value for name, value in request.args.items() if name in FILTERS and value}
    tenon().access_log.record("exported", actor=actor(), action="access_log", detail=told, count=count)
    file.seek(0)
    name = f"access-log-{reader().today.isoformat()}.csv"
    return send_file(file, mimetype="text/csv; charset=utf-8", as_attachment=True, download_name=name)


def _cells(found: Iterable[Entry]) -> Iterator[list[Any]]:
    for entry in found:
        values = asdict(entry)
        values["detail"] = json.dump_text(entry.detail) if entry.detail else None
        yield list(values.values())


# What is asked for


def _wanted() -> Wanted:
    """The filter in the address; ``BadRequestError`` for one that cannot be read."""
    given = request.args
    try:
        who = given.get("actor") or None
        since, until = _day(given.get("day"))
        return Wanted(
            kind=given.get("kind") or None,
            actor=who if who is None or who == SYSTEM else UUID(who),
            entity=given.get("entity") or None,
            since=since,
            until=until,
            after=_cursor(given.get("before")),
        )
    except (ValueError, OverflowError):
        raise BadRequestError(
            _("This filter cannot be read"), hint=_("Choose again from the lists of the page.")
        ) from None


def _day(text: str | None) -> tuple[datetime | None, datetime | None]:
    """A day of the reader's as two moments."""
    if not text:
        return None, None
    day = date.fromisoformat(text)
    begin, end = (datetime.combine(d, time(), reader().timezone) for d in (day, day + timedelta(days=1)))
    return begin, end


def _cursor(text: str | None) -> tuple[datetime, UUID] | None:
    if not text:
        return None
    at, _line, id_ = text.replace(" ", "+").partition("_")
    moment = datetime.fromisoformat(at)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment, UUID(id_)


# What is shown


def _lines(found: list[Entry]) -> list[Line]:
    titles = _titles(found)
    return [_line(entry, titles) for entry in found]


def _titles(found: list[Entry]) -> dict[UUID, str]:
    """What the records are called that whoever reads the log may see."""
    titles: dict[UUID, str] = {}
    with tenon().records.reading(actor(), via="web") as work:
        for entity in {e.entity for e in found if e.record_id and e.entity in work.registry}:
            ids = [e.record_id for e in found if e.entity == entity and e.record_id]
            titles.update(work.titles(str(entity), ids))
    return titles


def _line(entry: Entry, titles: Mapping[UUID, str]) -> Line:
    types = tenon().records.registry
    known = types[entry.entity] if entry.entity is not None and entry.entity in types else None
    title = titles.get(entry.record_id) if entry.record_id else None
    here = known is not None and title is not None
    return Line(
        entry,
        KINDS.get(entry.kind, entry.kind),
        known.label if known else entry.entity,
        ACTIONS.get(entry.action or "", entry.action),
        REASONS.get(entry.reason or "", entry.reason),
        title or (str(entry.record_id) if entry.record_id else None),
        url_for("web.record_page", entity=known, record_id=entry.record_id) if here else None,
        [
            (name, value if isinstance(value, str) else json.dump_text(value))
            for name, value in (entry.detail or {}).items()
        ],
    )

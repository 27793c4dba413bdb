"""Importing a file: upload, say what each column is, try it out, carry it out, take it back."""

from __future__ import annotations

import tempfile
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from flask import Blueprint, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from ...errors import InvalidError, NotFoundError, TenonError
from ...identity.actor import Actor
from ...messages import Message, _
from ...records import visible
from ...records.importing import Imports, Run, Step, Tally, parse_map
from ...records.registry import EntityType
from ..context import actor, by_htmx, may, tenon
from ..drafts import Draft, Drafts
from ..mapping import ColumnChoice, guess, importable, map_text
from ..notices import flash

if TYPE_CHECKING:
    from ...app import Tenon

log = structlog.get_logger(__name__)

TRIED_ROWS = 1000
SILENT_SECONDS = 60
STATES: dict[str, Message] = {
    "waiting": _("Waiting"),
    "running": _("Running"),
    "done": _("Done"),
    "undone": _("Undone"),
}
Answer = str | Response | tuple[str, int]


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/imports", "imports", imports)
    pages.add_url_rule("/imports/new", "new_import", new_import)
    pages.add_url_rule("/imports/new", "upload", upload, methods=["POST"])
    pages.add_url_rule("/imports/new/<entity:entity>/<uuid:draft_id>", "map_import", map_import)
    pages.add_url_rule(
        "/imports/new/<entity:entity>/<uuid:draft_id>", "try_import", try_import, methods=["POST"]
    )
    pages.add_url_rule(
        "/imports/new/<entity:entity>/<uuid:draft_id>/start", "start_import", start_import, methods=["POST"]
    )
    pages.add_url_rule("/imports/<uuid:run_id>", "import_page", import_page)
    pages.add_url_rule("/imports/<uuid:run_id>/resume", "resume_import", resume_import, methods=["POST"])
    pages.add_url_rule("/imports/<uuid:run_id>/undo", "undo_import", undo_import, methods=["POST"])
    pages.add_url_rule("/imports/<uuid:run_id>/errors", "import_errors", import_errors)


def _service() -> Imports:
    return Imports(tenon().records)


def _types() -> list[EntityType]:
    return [t for t in tenon().records.registry if may("import", t.name) and may("create", t.name)]


def imports() -> str:
    runs = [
        run
        for run in _service().runs()
        if run.entity in tenon().records.registry and may("import", run.entity)
    ]
    return render_template(
        "tenon/imports/history.html",
        runs=runs,
        types=tenon().records.registry.types,
        states=STATES,
        may_start=_types(),
    )


# Upload


def new_import(error: TenonError | None = None) -> str:
    types = _types()
    chosen = request.values.get("kind", "")
    return render_template("tenon/imports/upload.html", types=types, chosen=chosen, error=error)


def upload() -> Answer:
    kind = tenon().records.registry.collections.get(request.form.get("kind", ""))
    if kind is None:
        return new_import(InvalidError(_("Choose what the rows are"))), 422
    tenon().access.require(actor(), "import", kind.name)
    drafts = Drafts(tenon().settings)
    try:
        draft = drafts.add(actor(), request.files.get("file"))
    except InvalidError as error:
        return new_import(error), 422
    try:
        draft.samples()
    except TenonError as error:
        drafts.drop(draft)
        return new_import(error), 422
    return redirect(url_for("web.map_import", entity=kind.collection, draft_id=draft.id), 303)


# Map and try


def map_import(entity: EntityType, draft_id: UUID) -> str:
    tenon().access.require(actor(), "import", entity.name)
    draft = Drafts(tenon().settings).get(actor(), draft_id)
    return _map_page(entity, draft)


def _map_page(entity: EntityType, draft: Draft, error: TenonError | None = None) -> str:
    header, rows = draft.samples()
    with tenon().records.reading(actor(), via="web") as work:
        allowed = visible.fields(work, entity, "create")
        registry = visible.registry(work)
        known = registry[entity.name]
        fields = [f for f in importable(known) if f.path in allowed or f.spec.readonly]
    sent = request.method == "POST" and "field-0" in request.form
    choices = _choices(header) if sent else guess(header, known, registry)
    return render_template(
        "tenon/imports/map.html",
        entity=entity,
        draft=draft,
        columns=list(
            zip(choices, [[row[place] for row in rows] for place in range(len(header))], strict=True)
        ),
        fields=fields,
        targets={
            f.path: registry[f.spec.to] for f in fields if f.spec.to is not None and f.spec.to in registry
        },
        on_match=request.form.get("on_match", "update"),
        text=request.form.get("text") or draft.map_text or map_text(known, choices, "update"),
        error=error,
    )


def _choices(header: tuple[str, ...]) -> list[ColumnChoice]:
    """What the form says of each column."""
    form = request.form
    found = []
    for place, column in enumerate(header):
        field = form.get(f"field-{place}", "").strip()
        lookup = form.get(f"lookup-{place}", "") if field else ""
        missing = form.get(f"missing-{place}", "refuse")
        found.append(ColumnChoice(column, field, lookup, missing, form.get(f"date-{place}", "").strip()))
    return found


def try_import(entity: EntityType, draft_id: UUID) -> Answer:
    """Everything the import would do, with nothing kept: counts, and rows that would be refused."""
    draft = Drafts(tenon().settings).get(actor(), draft_id)
    try:
        draft.keep_map(_written(entity, draft))
        tally = _tried(entity, draft)
    except TenonError as error:
        if error.status in (401, 403, 503):
            raise
        return _map_page(entity, draft, error), 422
    return render_template(
        "tenon/imports/tried.html", entity=entity, draft=draft, tally=tally, limit=TRIED_ROWS
    )


def _written(entity: EntityType, draft: Draft) -> str:
    """The map: as it was typed, or as the columns' choices make it."""
    if request.form.get("as_text") == "1":
        return request.form.get("text", "")
    header, _rows = draft.samples()
    return map_text(entity, _choices(header), request.form.get("on_match", "update"))


def _tried(entity: EntityType, draft: Draft) -> Tally:
    step = _step(entity, draft)
    return _service().try_out(actor(), [step], limit=TRIED_ROWS)[0]


def _step(entity: EntityType, draft: Draft) -> Step:
    return Step(draft.file, parse_map(draft.map_text or "", "map.toml", entity.name))


# Carry out


def start_import(entity: EntityType, draft_id: UUID) -> Response:
    draft = Drafts(tenon().settings).get(actor(), draft_id)
    run_id = _service().start(actor(), [_step(entity, draft)])[0]
    _carry_on(run_id)
    return redirect(url_for("web.import_page", run_id=run_id), 303)


def _carry_on(run_id: UUID) -> None:
    """Go on in a thread of its own; should the process end, the import's page offers to resume."""
    Thread(target=_run, args=(tenon(), actor(), run_id), name=f"import-{run_id}", daemon=True).start()


def _run(parts: Tenon, who: Actor, run_id: UUID) -> None:
    try:
        Imports(parts.records).carry_on(who, run_id)
    except TenonError as error:
        log.warning("import stopped", run=str(run_id), error=str(error))
    except Exception:
        log.exception("import failed", run=str(run_id))


def import_page(run_id: UUID) -> str:
    run = _visible(run_id)
    silent = (tenon().clock.now() - run.moved_at).total_seconds() > SILENT_SECONDS
    busy = run.state in ("waiting", "running") and not silent
    template = "tenon/imports/progress.html" if by_htmx() else "tenon/imports/run.html"
    bad = [] if busy else _bad_sample(run)
    return render_template(
        template,
        run=run,
        entity=tenon().records.registry[run.entity],
        busy=busy,
        stopped=run.state in ("waiting", "running") and silent,
        bad=bad,
        states=STATES,
    )


def _bad_sample(run: Run) -> list[tuple[int, str]]:
    rows = _service().bad_rows(run.id)
    return (
        [(row.line, reason) for _n, (row, reason) in zip(range(20), rows, strict=False)] if run.failed else []
    )


def _visible(run_id: UUID) -> Run:
    run = _service().run(run_id)
    if run.entity not in tenon().records.registry:
        raise NotFoundError(_("There is no import %(id)s", id=run_id))
    tenon().access.require(actor(), "import", run.entity)
    return run


def resume_import(run_id: UUID) -> Response:
    _visible(run_id)
    _carry_on(run_id)
    flash(_("The import goes on from where it stopped."), "success")
    return redirect(url_for("web.import_page", run_id=run_id), 303)


def undo_import(run_id: UUID) -> Response:
    _visible(run_id)
    report = _service().undo(actor(), run_id)
    flash(_("The import is undone; %(count)s changes were taken back.", count=report.undone), "success")
    for _kind, _id, reason in report.conflicts[:5]:
        flash(reason, "warning")
    return redirect(url_for("web.import_page", run_id=run_id), 303)


def import_errors(run_id: UUID) -> Response:
    """The refused rows as a file that can be mended and imported again."""
    run = _visible(run_id)
    with tempfile.TemporaryDirectory(prefix="tenon-errors-") as folder:
        path = Path(folder) / f"errors-{run.file}"
        _service().write_errors(run.id, path)
        # Closed by the answer, once it is sent.
        content = tempfile.SpooledTemporaryFile(max_size=8_000_000)  # noqa: SIM115
        content.write(path.read_bytes())
    content.seek(0)
    return send_file(content, as_attachment=True, download_name=path.name, max_age=0)

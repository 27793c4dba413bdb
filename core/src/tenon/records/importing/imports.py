"""Imports as the faces use them: try out, start, carry on, look at, take back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ...errors import ConflictError, ForbiddenError, NotFoundError
from ...identity.actor import Actor
from ...messages import _, loaded
from ...storage.ids import new_id
from .. import visible
from ..records import Records
from ..registry import Registry
from ..undo import UndoReport, undo_batch
from ..work import Work
from . import binding
from .cellsjson import unpack
from .errorfile import write_errors
from .limits import LIMITS, Limits
from .mapfile import parse_map
from .mapping import Mapping
from .progress import ROWS, RUNS
from .rows import Layout, Row, Source
from .runner import Report, Runner
from .source import fingerprint, open_source
from .tally import Tally


@dataclass(frozen=True)
class Step:
    """One file of an import with the map for it."""

    path: Path
    mapping: Mapping


@dataclass(frozen=True)
class Run:
    """An import as it stands. ``total`` is the number of rows where it is known."""

    id: UUID
    plan_id: UUID | None
    step: int
    entity: str
    file: str
    path: Path
    sha256: str
    map_name: str
    map_text: str
    layout: Layout
    state: str
    position: int
    total: int | None
    made: int
    updated: int
    unchanged: int
    skipped: int
    failed: int
    actor_id: UUID | None
    actor_name: str
    started_at: datetime
    moved_at: datetime
    ended_at: datetime | None


class Imports:
    """Every import of a deployment."""

    def __init__(self, records: Records, *, limits: Limits = LIMITS) -> None:
        self._records = records
        self._limits = limits

    # Looking

    def open(self, path: Path, mapping: Mapping, actor: Actor | None = None) -> Source:
        """The rows of ``path``, with every column and field of the map known to exist, and to be
        there for ``actor``."""
        source = open_source(path, mapping.file, self._limits)
        binding.check(mapping, self._known(actor), source.layout)
        return source

    def _known(self, actor: Actor | None) -> Registry:
        if actor is None:
            return self._records.registry
        with self._records.reading(actor, via="import") as work:
            return visible.registry(work)

    def run(self, run_id: UUID) -> Run:
        """The import with that id; ``NotFoundError``."""
        found = self._select(RUNS.c.id == run_id)
        if not found:
            raise NotFoundError(
                _("There is no import %(id)s", id=run_id), hint=_("tenon import --list shows all.")
            )
        return found[0]

    def runs(self, *, plan_id: UUID | None = None, size: int = 100) -> list[Run]:
        """Imports, newest first; those of one plan in its order."""
        if plan_id is not None:
            return sorted(self._select(RUNS.c.plan_id == plan_id), key=lambda run: run.step)
        return self._select(sa.true(), size)

    def steps(self, id_: UUID) -> list[Run]:
        """The imports that ``id_`` names: a single one, or all of a plan."""
        return self.runs(plan_id=id_) or [self.run(id_)]

    def bad_rows(self, run_id: UUID) -> Iterator[tuple[Row, str]]:
        """The refused rows of an import with the reasons, in the order of the file."""
        found = sa.select(ROWS).where(ROWS.c.import_id == run_id, ROWS.c.kind == "bad")
        with self._records.storage.snapshot() as connection:
            for row in connection.execute(found.order_by(ROWS.c.row)).yield_per(500):
                yield Row(row.row, row.line, unpack(row.cells)), loaded(row.reason)

    def write_errors(self, run_id: UUID, to: Path) -> int:
        """Write the refused rows as a file like the imported one; how many there are."""
        return write_errors(self.run(run_id).layout, self.bad_rows(run_id), to)

    def _select(self, where: sa.ColumnElement[bool], size: int = 1000) -> list[Run]:
        found = sa.select(RUNS).where(where).order_by(RUNS.c.id.desc()).limit(size)
        with self._records.storage.reading() as connection:
            return [_run(row._mapping) for row in connection.execute(found)]

    # Doing

    def try_out(
        self, actor: Actor, steps: Sequence[Step], *, limit: int | None = None, report: Report | None = None
    ) -> list[Tally]:
        """Everything an import would do, done and rolled back: nothing is kept.

        The transaction is one for all steps, so that later files find what earlier ones
        made; on SQLite nobody else writes meanwhile, so ``limit`` the rows where it matters.
        """
        opened = [(step, self.open(step.path, step.mapping, actor)) for step in steps]
        tallies: list[Tally] = []
        with _rolled_back(), self._records.writing(actor, via="import") as work:
            for number, (step, source) in enumerate(opened):
                run_id = self._insert(work, step, source, None, number, total=None, state="running")
                work.batch = run_id
                runner = Runner(run_id, source, step.mapping, work.type(step.mapping.entity))
                tallies.append(runner.run(lambda: nullcontext(work), 0, report, limit))
                work.flush()
            raise _RollBackError
        return tallies

    def start(self, actor: Actor, steps: Sequence[Step]) -> list[UUID]:
        """Check and note imports that :meth:`carry_on` then carries out; their ids in order.

        Raises before anything is kept when a file or a map is wrong.
        """
        opened = [(step, self.open(step.path, step.mapping, actor)) for step in steps]
        totals = [_count(source) for _step, source in opened]
        plan_id = new_id() if len(steps) > 1 else None
        with self._records.writing(actor, via="import") as work:
            return [
                self._insert(work, step, source, plan_id, number, total=total)
                for number, ((step, source), total) in enumerate(zip(opened, totals, strict=True))
            ]

    def carry_on(self, actor: Actor, run_id: UUID, report: Report | None = None) -> Run:
        """Carry an import out, or on from where it stopped, to its end."""
        run = self.run(run_id)
        if run.state in ("done", "undone"):
            raise ConflictError(_("The import %(id)s is %(state)s already", id=run_id, state=run.state))
        self._records.access.require(actor, "import", run.entity)
        source = self._same_file(run)
        mapping = parse_map(run.map_text, run.map_name, run.entity)
        binding.check(mapping, self._known(actor), source.layout)
        type_ = self._records.registry[mapping.entity]
        self._set_state(actor, run_id, "running")
        runner = Runner(run_id, source, mapping, type_)
        runner.run(lambda: self._records.writing(actor, via="import", batch=run_id), run.position, report)
        self._set_state(actor, run_id, "done")
        return self.run(run_id)

    def undo(self, actor: Actor, run_id: UUID) -> UndoReport:
        """Take back what an import wrote, except what somebody changed since."""
        run = self.run(run_id)
        if run.state == "undone":
            raise ConflictError(_("The import %(id)s is undone already", id=run_id))
        with self._records.writing(actor, via="undo") as work:
            work.access.require(actor, "import", run.entity)
            _within_reach(work, run)
            report = undo_batch(work, run_id)
            work.unguarded.execute(
                sa.update(RUNS).where(RUNS.c.id == run_id).values(state="undone", ended_at=work.now)
            )
        return report

    def _same_file(self, run: Run) -> Source:
        if not run.path.is_file():
            raise NotFoundError(
                _("The file %(path)s is not there any more", path=run.path),
                hint=_("Put it back where it was and resume the import."),
            )
        if fingerprint(run.path) != run.sha256:
            raise ConflictError(
                _("The file %(path)s was changed since the import began", path=run.path),
                hint=_("Put the original back, or start a new import: what is there already is found again."),
            )
        mapping = parse_map(run.map_text, run.map_name, run.entity)
        return open_source(run.path, mapping.file, self._limits)

    def _insert(
        self,
        work: Work,
        step: Step,
        source: Source,
        plan_id: UUID | None,
        number: int,
        *,
        total: int | None,
        state: str = "waiting",
    ) -> UUID:
        work.access.require(work.actor, "import", step.mapping.entity)
        run_id = new_id()
        values = {
            "id": run_id,
            "plan_id": plan_id,
            "step": number,
            "entity": step.mapping.entity,
            "file": step.path.name,
            "path": str(step.path.absolute()),
            "sha256": fingerprint(step.path),
            "map_name": step.mapping.name,
            "map_text": step.mapping.text,
            "layout": asdict(source.layout),
            "state": state,
            "position": 0,
            "total": total,
            **dict.fromkeys(("made", "updated", "unchanged", "skipped", "failed"), 0),
            "actor_id": work.actor.id,
            "actor_name": work.actor.name,
            "started_at": work.now,
            "moved_at": work.now,
        }
        work.unguarded.execute(sa.insert(RUNS), values)
        return run_id

    def _set_state(self, actor: Actor, run_id: UUID, state: str) -> None:
        with self._records.writing(actor, via="import") as work:
            ended = work.now if state == "done" else None
            work.unguarded.execute(
                sa.update(RUNS)
                .where(RUNS.c.id == run_id)
                .values(state=state, moved_at=work.now, ended_at=ended)
            )


def _run(row: Any) -> Run:
    found = dict(row)
    layout = found["layout"]
    found["layout"] = Layout(
        **{**layout, "header": tuple(layout["header"]), "titles": tuple(layout["titles"])}
    )
    found["path"] = Path(found["path"])
    return Run(**found)


def _within_reach(work: Work, run: Run) -> None:
    """Who does not see everything may undo only their own."""
    if work.actor.admin or work.actor.id == run.actor_id:
        return
    if work.scope(work.type(run.entity), "update") is not None:
        raise ForbiddenError(
            _("The import of %(file)s was made by %(name)s", file=run.file, name=run.actor_name),
            hint=_("Ask them or an administrator to take it back."),
        )


def _count(source: Source) -> int | None:
    """How many rows there are; reading them all finds what would stop the import halfway."""
    if source.layout.format == "xlsx":
        # The archive was checked, and reading a sheet takes longer than writing its rows.
        return None
    return sum(1 for _row in source.rows())


class _RollBackError(Exception):
    """Leaves a transaction without keeping anything of it."""


@contextmanager
def _rolled_back() -> Iterator[None]:
    try:
        yield
    except _RollBackError:
        return

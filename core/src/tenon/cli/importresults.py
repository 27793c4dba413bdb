"""What an import is doing and did, on a terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import click

from ..messages import _

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from ..records.importing import Run, Tally
    from ..records.undo import UndoReport

SHOWN = 10


class Bar:
    """A progress bar where there is a terminal to draw it on, else nothing."""

    def __init__(self, label: str, total: int | None, start: int = 0) -> None:
        self._label = label
        self._total = total
        self._start = start
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Bar:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._progress.start()
            self._task = self._progress.add_task(self._label, total=self._total, completed=self._start)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def tally(self, tally: Tally) -> None:
        """Move to where an import got."""
        self.at(self._start + tally.rows)

    def at(self, count: int) -> None:
        """Move to ``count`` rows."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=count)


def echo_run(run: Run, refused: int, errors: Path) -> None:
    """One line for an import that ended, and where its refused rows are."""
    click.echo(f"{run.file} → {run.entity}: {_counts(run)}")
    if refused:
        click.echo(_("  refused rows: %(path)s (mend them and import that file)", path=errors))


def echo_tally(file: str, entity: str, tally: Tally) -> None:
    """What a dry run found out about one file."""
    click.echo(f"{file} → {entity}: {_counts(tally)}")
    for path, count in tally.fields.most_common(SHOWN):
        click.echo(_("  %(path)s would change in %(count)s records", path=path, count=count))
    for (pointer, code), count in tally.problems.most_common(SHOWN):
        where = pointer.lstrip("/").replace("/", ".") or _("the row")
        click.echo(_("  %(where)s: %(code)s in %(count)s rows", where=where, code=code, count=count))
    for line, reason in tally.samples[:SHOWN]:
        click.echo(_("  line %(line)s: %(reason)s", line=line, reason=reason))


def echo_undo(run: Run, report: UndoReport) -> int:
    """What was taken back; how many records could not be."""
    click.echo(_("%(file)s: %(count)s writes were taken back.", file=run.file, count=f"{report.undone:,}"))
    for entity, id_, reason in report.conflicts[:SHOWN]:
        click.echo(_("  left as it is: %(entity)s %(id)s: %(reason)s", entity=entity, id=id_, reason=reason))
    if len(report.conflicts) > SHOWN:
        click.echo(_("  and %(count)s more", count=len(report.conflicts) - SHOWN))
    return len(report.conflicts)


def _counts(counted: Run | Tally) -> str:
    named = {
        _("made"): counted.made,
        _("updated"): counted.updated,
        _("unchanged"): counted.unchanged,
        _("skipped"): counted.skipped,
        _("refused"): counted.failed,
    }
    parts = [f"{count:,} {name}" for name, count in named.items() if count]
    return ", ".join(parts) or str(_("no rows"))

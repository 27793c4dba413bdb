"""``tenon import`` and ``tenon export``: records from files and into files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from ..errors import TenonError
from ..messages import _
from .columns import echo_columns
from .context import pass_tenon
from .importresults import Bar, echo_run, echo_tally, echo_undo

if TYPE_CHECKING:
    from ..app import Tenon
    from ..identity.actor import Actor
    from ..records.importing import Imports, Run, Step

FILE = click.Path(path_type=Path)


@click.command("import")
@click.argument("source", metavar="FILE|FOLDER", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--entity", help="What the rows are: account, contact, … Unless the map says it.")
@click.option("--map", "map_file", type=FILE, help="The map from columns to fields; guessed unless given.")
@click.option("--plan", type=FILE, help="Several files of FOLDER in order, each with its map.")
@click.option("--dry-run", is_flag=True, help="Say what would be made and what is wrong; write nothing.")
@click.option("--user", "email", help="On whose behalf; what they may not do is refused.")
@click.option(
    "--errors", type=FILE, help="Where refused rows go; beside FILE as FILE.errors.csv unless given."
)
@click.option("--resume", type=click.UUID, metavar="ID", help="Carry on an import that was interrupted.")
@click.option(
    "--undo", type=click.UUID, metavar="ID", help="Take back an import, except what was changed since."
)
@click.option("--list", "show", is_flag=True, help="List imports, newest first.")
@click.option("--guess", is_flag=True, help="Print a map guessed from the column titles, to start from.")
@pass_tenon
def import_(
    tenon: Tenon,
    source: Path | None,
    entity: str | None,
    map_file: Path | None,
    plan: Path | None,
    dry_run: bool,
    email: str | None,
    errors: Path | None,
    resume: UUID | None,
    undo: UUID | None,
    show: bool,
    guess: bool,
) -> None:
    """Bring records in from a CSV, XLSX or JSON lines FILE, or from a FOLDER by a plan.

    A row whose record is there already updates it; what cannot be imported is written
    to an error file that can be mended and imported again. The exit code is 1 where
    rows were refused.
    """
    imports = tenon.imports
    actor = actor_for(tenon, email, "import")
    if show:
        list_imports(imports)
    elif undo is not None:
        take_back(imports, actor, undo)
    elif resume is not None:
        carry_out(imports, actor, [run.id for run in imports.steps(resume)], errors)
    elif source is None:
        raise click.UsageError(_("Name a FILE or FOLDER, or use --resume, --undo or --list."))
    elif guess:
        click.echo(guessed_map(tenon, source, entity), nl=False)
    else:
        steps = find_steps(tenon, source, entity, map_file, plan)
        if dry_run:
            try_out(imports, actor, steps)
        else:
            carry_out(imports, actor, imports.start(actor, steps), errors)


def actor_for(tenon: Tenon, email: str | None, reason: str) -> Actor:
    """The user with that address, or the system itself."""
    from ..identity.actor import system

    if email is None:
        return system(f"tenon {reason}")
    found = tenon.identity.actor_for_user(tenon.identity.users.find(email).id)
    if found is None:
        raise click.UsageError(_("%(email)s is disabled", email=email))
    return found


def find_steps(
    tenon: Tenon, source: Path, entity: str | None, map_file: Path | None, plan: Path | None
) -> list[Step]:
    """What the command line asks to import."""
    from ..records.importing import Step, load_map, load_plan, parse_map

    if plan is not None:
        return load_plan(plan, source if source.is_dir() else source.parent)
    if source.is_dir():
        raise click.UsageError(_("%(path)s is a folder: say with --plan which files to take.", path=source))
    if map_file is not None:
        return [Step(source, load_map(map_file, entity))]
    return [Step(source, parse_map(guessed_map(tenon, source, entity), "the guessed map", entity))]


def guessed_map(tenon: Tenon, source: Path, entity: str | None) -> str:
    """A map for ``source`` as TOML, guessed from its column titles."""
    from ..records.importing import guess_map, open_source, write_map

    if entity is None:
        raise click.UsageError(_("Say what the rows are, as in --entity account, or give a map."))
    registry = tenon.records.registry
    mapping = guess_map(open_source(source).layout.header, registry[entity], registry)
    if not mapping.rules:
        raise click.UsageError(_("No column of %(path)s resembles a field: write a map.", path=source))
    return write_map(mapping)


def list_imports(imports: Imports) -> None:
    """Print every import."""
    heading = ("ID", "PLAN", "FILE", "ENTITY", "STATE", "ROWS", "MADE", "UPDATED", "FAILED", "BY", "STARTED")
    rows = (
        (r.id, r.plan_id, r.file, r.entity, r.state, r.position, r.made, r.updated, r.failed, r.actor_name,
         r.started_at)
        for r in imports.runs()
    )  # fmt: skip
    echo_columns(heading, rows)


def take_back(imports: Imports, actor: Actor, id_: UUID) -> None:
    """Undo an import, or every one of a plan, the last first."""
    runs = [run for run in reversed(imports.steps(id_)) if run.state != "undone"]
    if not runs:
        raise click.UsageError(_("The import %(id)s is undone already.", id=id_))
    left = sum(echo_undo(run, imports.undo(actor, run.id)) for run in runs)
    if left:
        raise click.exceptions.Exit(1)


def try_out(imports: Imports, actor: Actor, steps: list[Step]) -> None:
    """Do everything, say what it came to, and roll it back."""
    with Bar(_("Trying out"), None) as bar:
        tallies = imports.try_out(actor, steps, report=bar.tally)
    for step, tally in zip(steps, tallies, strict=True):
        echo_tally(step.path.name, step.mapping.entity, tally)
    click.echo(_("Nothing was written."))
    if any(tally.failed for tally in tallies):
        raise click.exceptions.Exit(1)


def carry_out(imports: Imports, actor: Actor, ids: list[UUID], errors: Path | None) -> None:
    """Carry imports to their end, one after the other; write the error file of each."""
    runs = [imports.run(id_) for id_ in ids]
    failed = 0
    for before in runs:
        name = before.plan_id or before.id
        with told_how_to_resume(name), Bar(before.file, before.total, before.position) as bar:
            # One that ended has its error file written again.
            run = before if before.state == "done" else imports.carry_on(actor, before.id, report=bar.tally)
        to = error_file(run, errors, alone=len(runs) == 1)
        echo_run(run, imports.write_errors(run.id, to) if run.failed else 0, to)
        failed += run.failed
    if runs:
        click.echo(_("Take back: tenon import --undo %(id)s", id=runs[0].plan_id or runs[0].id))
    if failed:
        raise click.exceptions.Exit(1)


def error_file(run: Run, named: Path | None, *, alone: bool) -> Path:
    """Where the refused rows of an import go; each file of a plan has its own."""
    if named is None:
        step = "" if alone else f"-{run.step + 1}"
        folder = run.path.parent if os.access(run.path.parent, os.W_OK) else Path.cwd()
        return folder / f"{run.path.stem}{step}.errors{run.path.suffix or '.csv'}"
    return named if alone else named.with_name(f"{named.stem}-{run.step + 1}{named.suffix}")


@contextmanager
def told_how_to_resume(id_: UUID) -> Iterator[None]:
    """Say after an interruption how to go on from there."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(_("Interrupted. Go on with: tenon import --resume %(id)s", id=id_), err=True)
        raise
    except TenonError as error:
        resume = _("Once it is mended, go on with: tenon import --resume %(id)s", id=id_)
        error.hint = f"{error.hint}\n{resume}" if error.hint else resume
        raise


@click.command()
@click.argument("entity")
@click.option(
    "--to", required=True, type=FILE, help="The file; its ending (.csv, .xlsx, .jsonl) is the format."
)
@click.option(
    "--filter", "filters", multiple=True, metavar="FIELD[OP]=VALUE", help="As in the API; may be repeated."
)
@click.option("--fields", help="Field paths with commas between; all unless given.")
@click.option("--sort", help="Field paths with commas between, - in front for descending.")
@click.option("--user", "email", help="On whose behalf; what they may not see is left out.")
@pass_tenon
def export(
    tenon: Tenon,
    entity: str,
    to: Path,
    filters: tuple[str, ...],
    fields: str | None,
    sort: str | None,
    email: str | None,
) -> None:
    """Write the records of ENTITY to a file that can be imported again."""
    from ..records.exporting import export_file
    from ..rest.grammar import from_arguments

    arguments = [filter_argument(text) for text in filters] + ([("sort", sort)] if sort else [])
    query, _include = from_arguments(arguments, size=1000, most=1000)
    paths = [path.strip() for path in fields.split(",")] if fields else None
    actor = actor_for(tenon, email, "export")
    with Bar(to.name, None) as bar:
        count = export_file(tenon.records, actor, entity, query, to, fields=paths, report=bar.at)
    click.echo(_("%(count)s records were written to %(path)s.", count=f"{count:,}", path=to))


def filter_argument(text: str) -> tuple[str, str]:
    """``amount[gte]=100`` as the API's parameter ``filter[amount][gte]`` and its value."""
    name, equals, value = text.partition("=")
    path, bracket, operator = name.strip().partition("[")
    if not equals or not path:
        raise click.UsageError(
            _("A filter is written stage=won or amount[gte]=1000, not %(text)s", text=repr(text))
        )
    return f"filter[{path}]{bracket}{operator}", value

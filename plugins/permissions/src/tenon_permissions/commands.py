"""``tenon access``: the policy as a reviewed file, why somebody may do something, what would change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tenon.api import Command, ConflictError, NotFoundError, _, system

from .addressing import record_at
from .checking import Finding, check_text
from .crowd import holders
from .defaults import default_document
from .difference import difference
from .document import PolicyDocument, as_toml

if TYPE_CHECKING:
    from tenon.api import Actor, Explanation

    from .policy import PermissionsPolicy
    from .whatif import Comparison

Compose = Callable[[], Any]
FILE = click.Path(path_type=Path, dir_okay=False)
EXISTING = click.Path(path_type=Path, dir_okay=False, exists=True)
YES = click.option("--yes", is_flag=True, help="Do not ask.")
NOTE = click.option("--note", help="Why, for the history.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
MARKS = {"added": "+ ", "removed": "- ", "same": "  ", "gap": "  …"}


# The policy


@click.command()
@click.pass_obj
def init(compose: Compose) -> None:
    """Put the suggested policy in force, where there is none."""
    tenon = compose()
    policy: PermissionsPolicy = tenon.access.policy
    if policy.revisions.newest():
        raise ConflictError(
            _("There is a policy already, and it was left as it is"),
            hint=_("Look at it: tenon access roles. Change it: tenon access export, then import."),
        )
    document = default_document(tenon)
    _activate(policy, document, 0, _("The suggested policy"))
    click.echo(_("Give people roles: tenon user access EMAIL --role sales"))


@click.command()
@click.pass_obj
def roles(compose: Compose) -> None:
    """List the roles, and how many people have each."""
    tenon = compose()
    policy: PermissionsPolicy = tenon.access.policy
    document = policy.snapshot.document
    people = [person for person in tenon.identity.users.all() if person.active]
    _columns(
        ("ROLE", "LABEL", "PEOPLE", "LINES", "WHAT FOR"),
        (
            (
                role.key,
                role.label,
                len(holders(role.key, people)),
                sum(line.sub == role.key for line in document.lines),
                role.description,
            )
            for role in document.roles.values()
        ),
    )


@click.command()
@click.argument("file", required=False, type=FILE)
@click.option("--revision", type=int, help="Another than the one in force.")
@click.pass_obj
def export(compose: Compose, file: Path | None, revision: int | None) -> None:
    """Write the policy to FILE, or print it."""
    text = as_toml(_revision(_policy(compose), revision))
    if file is None:
        click.echo(text, nl=False)
        return
    file.write_text(text, encoding="utf-8")
    click.echo(_("Wrote %(path)s", path=str(file)))


@click.command()
@click.argument("file", type=EXISTING)
@click.pass_obj
def check(compose: Compose, file: Path) -> None:
    """Say what is wrong with the policy in FILE; the exit code is 1 for errors. Needs no database."""
    document, findings = _read(_policy(compose), file)
    if document is None or _errors(findings):
        raise click.exceptions.Exit(1)
    click.echo(_("%(path)s is a sound policy of %(count)d lines", path=str(file), count=len(document.lines)))


@click.command("import")
@click.argument("file", type=EXISTING)
@NOTE
@YES
@click.pass_obj
def import_(compose: Compose, file: Path, note: str | None, yes: bool) -> None:
    """Put the policy in FILE in force, after showing what it would change."""
    policy = _policy(compose)
    number = policy.revisions.newest()
    _propose(policy, _sound(policy, file), number, note or _("From %(file)s", file=file.name), yes)


@click.command()
@click.argument("file", type=EXISTING)
@click.pass_obj
def simulate(compose: Compose, file: Path) -> None:
    """Show what the policy in FILE would change, and change nothing."""
    from .whatif import compare

    policy = _policy(compose)
    _show_comparison(policy, compare(policy, _sound(policy, file)))


@click.command()
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@click.pass_obj
def history(compose: Compose, limit: int) -> None:
    """List the policies that were in force, the newest first."""
    entries = _policy(compose).revisions.history(limit)
    rows = ((e.number, f"{e.at:%Y-%m-%d %H:%M}", e.actor_name, e.lines, e.note or "") for e in entries)
    _columns(("NUMBER", "SINCE (UTC)", "BY", "LINES", "NOTE"), rows)


@click.command()
@click.argument("before", type=int)
@click.argument("after", type=int)
@click.pass_obj
def diff(compose: Compose, before: int, after: int) -> None:
    """Show what is another line in policy AFTER than in policy BEFORE."""
    revisions = _policy(compose).revisions
    marks = difference(revisions.load(before), revisions.load(after))
    for mark in marks:
        click.echo(f"{MARKS[mark.kind]}{'' if mark.kind == 'gap' else mark.text}".rstrip())
    if not marks:
        click.echo(_("They are the same."))


@click.command()
@click.argument("number", type=int)
@YES
@click.pass_obj
def activate(compose: Compose, number: int, yes: bool) -> None:
    """Go back to policy NUMBER, after showing what that would change."""
    policy = _policy(compose)
    newest = policy.revisions.newest()
    _propose(policy, policy.revisions.load(number), newest, _("Back to %(number)d", number=number), yes)


# Questions


@click.command()
@click.argument("user")
@click.argument("action")
@click.argument("record")
@JSON
@click.pass_obj
def why(compose: Compose, user: str, action: str, record: str, as_json: bool) -> None:
    """Say why USER (an e-mail address) may or may not do ACTION to RECORD.

    RECORD is account:ID, accounts/ID, or the address of its page. The exit code is 0 where they
    may, 1 where not.
    """
    tenon = compose()
    policy: PermissionsPolicy = tenon.access.policy
    actor = _person(tenon, user)
    entity, id_ = record_at(tenon, record)
    found = policy.explain(actor, _action(policy, action), entity, id_)
    click.echo(json.dumps(_as_json(actor, found), ensure_ascii=False, indent=2) if as_json else _told(found))
    raise click.exceptions.Exit(0 if found.allowed else 1)


@click.command("who-can-see")
@click.argument("record")
@click.option("--action", default="read", show_default=True, help="What they can do to it.")
@JSON
@click.pass_obj
def who_can_see(compose: Compose, record: str, action: str, as_json: bool) -> None:
    """List the people who can see RECORD, or do something else to it, with the reason."""
    from .why import who_can

    tenon = compose()
    policy: PermissionsPolicy = tenon.access.policy
    seers = who_can(policy, _action(policy, action), *record_at(tenon, record))
    if as_json:
        rows = [{"name": s.actor.name, "email": s.actor.email, "because": str(s.because)} for s in seers]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    _columns(
        ("NAME", "E-MAIL", "BECAUSE"), ((s.actor.name, s.actor.email or "", str(s.because)) for s in seers)
    )


def _told(found: Explanation) -> str:
    """An explanation as lines."""
    lines = [str(found.reason)]
    for step in found.steps:
        lines.append(f"  {'✓' if step.holds else '✗'} {step.effect:<5}  {step.line}")
        lines.append(f"           {step.because}")
    if not found.steps:
        lines.append(_("  No line concerns it."))
    shown = _("all") if found.fields.paths is None else ", ".join(sorted(found.fields.paths)) or _("none")
    if found.allowed:
        lines.append(_("Fields: %(fields)s", fields=shown))
    lines.append(_("Policy: %(version)s", version=found.version))
    return "\n".join(map(str, lines))


def _as_json(actor: Actor, found: Explanation) -> dict[str, Any]:
    return {
        "user": actor.email,
        "action": found.action,
        "entity": found.entity,
        "allowed": found.allowed,
        "reason": str(found.reason),
        "steps": [
            {
                "effect": step.effect,
                "line": step.line,
                "scope": step.scope,
                "holds": step.holds,
                "because": str(step.because),
            }
            for step in found.steps
        ],
        "fields": None if found.fields.paths is None else sorted(found.fields.paths),
        "policy": found.version,
    }


# What the commands share


def _policy(compose: Compose) -> PermissionsPolicy:
    found: PermissionsPolicy = compose().access.policy
    return found


def _person(tenon: Any, email: str) -> Actor:
    actor: Actor | None = tenon.identity.actor_for_user(tenon.identity.users.find(email).id)
    if actor is None:
        raise NotFoundError(_("%(email)s is disabled, and may do nothing", email=email))
    return actor


def _action(policy: PermissionsPolicy, action: str) -> str:
    if action not in policy.names.actions:
        known = ", ".join(policy.names.actions)
        raise click.BadParameter(
            _("There is no action %(name)s; there are %(known)s", name=action, known=known)
        )
    return action


def _revision(policy: PermissionsPolicy, number: int | None) -> PolicyDocument:
    return policy.snapshot.document if number is None else policy.revisions.load(number)


def _read(policy: PermissionsPolicy, file: Path) -> tuple[PolicyDocument | None, list[Finding]]:
    """The policy in a file. What is wrong with it is told as ``file: line 3: …``."""
    document, findings = check_text(file.read_text(encoding="utf-8"), policy.names)
    for finding in findings:
        click.echo(f"{file}: {finding.severity}: {finding}", err=True)
    return document, findings


def _sound(policy: PermissionsPolicy, file: Path) -> PolicyDocument:
    document, findings = _read(policy, file)
    if document is None or _errors(findings):
        raise click.ClickException(_("The policy has errors, so nothing was changed."))
    return document


def _errors(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity == "error"]


def _propose(policy: PermissionsPolicy, document: PolicyDocument, after: int, note: str, yes: bool) -> None:
    """Show what a policy would change, ask, and put it in force."""
    from .whatif import compare

    if document == policy.snapshot.document and policy.number:
        click.echo(_("That is the policy in force; nothing was changed."))
        return
    _show_comparison(policy, compare(policy, document))
    if not yes:
        click.confirm(_("Put it in force?"), abort=True)
    _activate(policy, document, after, note)


def _activate(policy: PermissionsPolicy, document: PolicyDocument, after: int, note: str) -> None:
    number = policy.revisions.add(document, policy.names, system("tenon access"), note=str(note), after=after)
    policy.changed()
    click.echo(_("Policy %(number)d is in force: %(count)d lines.", number=number, count=len(document.lines)))


def _show_comparison(policy: PermissionsPolicy, found: Comparison) -> None:
    for text in found.removed:
        click.echo(f"- {text}")
    for text in found.added:
        click.echo(f"+ {text}")
    for finding in found.findings:
        click.echo(f"{finding.severity}: {finding}", err=True)
    if not found.shifts:
        click.echo(_("Nobody gains or loses anything on the records that there are."))
        return
    click.echo(_("%(count)d people gain or lose something:", count=found.people))
    _columns(
        ("KIND", "ACTION", "GAIN", "RECORDS", "LOSE", "RECORDS", "FIELDS"),
        (
            (
                t.entity,
                t.action,
                t.gainers,
                t.gained,
                t.losers,
                t.lost,
                _fields(t.fields_gained, t.fields_lost),
            )
            for t in found.totals()
        ),
    )
    if found.unasked:
        click.echo(_("For %(count)d people not everything was counted.", count=found.unasked))


def _fields(gained: Iterable[str], lost: Iterable[str]) -> str:
    return " ".join([*(f"+{path}" for path in sorted(gained)), *(f"-{path}" for path in sorted(lost))])


def _columns(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows under a heading, each column as wide as its widest value."""
    lines = [heading, *([" ".join(str(value).split()) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


COMMANDS = tuple(
    Command(command, group="access")
    for command in (
        init, roles, why, who_can_see, export, check, import_, simulate, history, diff, activate,
    )
)  # fmt: skip

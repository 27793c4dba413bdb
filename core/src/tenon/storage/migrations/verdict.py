"""Whether the database and the code fit, and what to do where they do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ...errors import Problem, SchemaError
from ...messages import Message, _
from .owners import MigrationOwner
from .revisions import Revision
from .state import Orphan, SchemaState


@dataclass(frozen=True)
class SchemaProblem:
    """One owner whose tables do not fit its code; ``hint`` says what to do."""

    owner: str
    kind: Literal["behind", "newer", "models"]
    message: Message
    hint: Message


@dataclass(frozen=True)
class SchemaReport:
    """``problems`` must be mended before the code may run; ``kept`` is only told."""

    problems: tuple[SchemaProblem, ...]
    kept: tuple[Orphan, ...] = ()

    def raise_for_problems(self) -> None:
        """``SchemaError`` with every problem, where there is one."""
        if not self.problems:
            return
        hints = dict.fromkeys(str(problem.hint) for problem in self.problems)
        raise SchemaError(
            problems=[Problem("", p.kind, str(p.message)) for p in self.problems],
            hint="\n".join(hints),
        )


def judge(
    state: SchemaState, owners: Sequence[MigrationOwner], known: Mapping[str, Sequence[Revision]]
) -> tuple[SchemaProblem, ...]:
    """The owners that are behind their code, or ahead of it."""
    found = (_judge_one(owner.name, state.versions.get(owner.name), known[owner.name]) for owner in owners)
    return tuple(problem for problem in found if problem is not None)


def _judge_one(owner: str, current: str | None, known: Sequence[Revision]) -> SchemaProblem | None:
    ids = [revision.id for revision in known]
    if current is not None and current not in ids:
        return _newer(owner, current, ids[-1] if ids else None)
    if ids and current != ids[-1]:
        return _behind(owner, current, ids[-1])
    return None


def _behind(owner: str, current: str | None, head: str) -> SchemaProblem:
    if current is None:
        message = _("The tables of %(owner)s are not in the database yet", owner=owner)
    else:
        message = _(
            "The tables of %(owner)s are at revision %(current)s, the code needs %(head)s",
            owner=owner,
            current=current,
            head=head,
        )
    return SchemaProblem(owner, "behind", message, _("Run: tenon db upgrade"))


def _newer(owner: str, current: str, head: str | None) -> SchemaProblem:
    message = _(
        "The database was migrated by a newer version of %(owner)s: it is at revision "
        "%(current)s, this version knows none after %(head)s",
        owner=owner,
        current=current,
        head=head or "0000",
    )
    hint = _(
        "Install the version of %(owner)s that knows revision %(current)s, "
        "or restore the backup made before that upgrade.",
        owner=owner,
        current=current,
    )
    return SchemaProblem(owner, "newer", message, hint)

"""The object that answers the kernel: actions, rows, fields, and why."""

from __future__ import annotations

import time
from threading import Lock
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog

from tenon.api import (
    Actor,
    Branch,
    Explanation,
    FieldSet,
    Message,
    UnavailableError,
    _,
)

from .checking import check
from .defaults import ADMIN_ONLY
from .document import Role
from .held import Held
from .names import Names, names_of
from .reach import Reach
from .revisions import Revisions
from .snapshot import Decision, Snapshot
from .standing import Standing, Standings

log = structlog.get_logger(__name__)

PROBE_SECONDS = 0.5
NONE_YET = "none"


class PermissionsPolicy:
    """Casbin's decision, compiled. What it knows is one snapshot, swapped whole.

    A policy that does not check leaves the last good one in force; without any policy at all
    nobody but an administrator may do anything.
    """

    def __init__(self, tenon: Any) -> None:
        self.tenon = tenon
        self.names: Names = names_of(tenon)
        self.revisions = Revisions(tenon)
        self.standings = Standings(tenon)
        self.broken: str | None = None
        self._number = -1
        self._looked = float("-inf")
        self._snapshot = Snapshot(NONE_YET, ADMIN_ONLY, self.names)
        self._lock = Lock()

    # The snapshot in force

    @property
    def snapshot(self) -> Snapshot:
        """The policy as of half a second ago at most."""
        if time.monotonic() - self._looked > PROBE_SECONDS:
            self.refresh()
        return self._snapshot

    @property
    def version(self) -> str:
        return self.snapshot.version

    @property
    def number(self) -> int:
        """The number of the newest revision that was looked at; 0 where there is none."""
        return max(self._number, 0)

    @property
    def advice(self) -> Message | None:
        """What to do where there is no policy yet, or none that checks."""
        self.refresh()
        if self.broken:
            return _("The newest policy is not in force: %(error)s", error=self.broken)
        if self.number:
            return None
        return _("There is no policy yet, so only administrators may do anything. Begin: tenon access init")

    def roles(self) -> list[Role]:
        """The roles that users can be given, by name."""
        return sorted(self.snapshot.document.roles.values(), key=lambda role: role.label)

    def refresh(self, *, at_once: bool = False) -> None:
        """Take the newest revision, if there is one that is not known yet."""
        if not self._lock.acquire(blocking=at_once):
            return
        try:
            self._looked = time.monotonic()
            number = self.revisions.newest()
            if number != self._number:
                self._take(number)
        except UnavailableError as error:
            # A database that is away answers nothing anyway; what was in force stays.
            log.warning("policy_not_looked_at", error=str(error))
        finally:
            self._lock.release()

    def _take(self, number: int) -> None:
        try:
            document = self.revisions.load(number) if number else ADMIN_ONLY
            errors = [f for f in check(document, self.names) if f.severity == "error"]
            self.broken = "; ".join(map(str, errors[:5])) or None
        except UnavailableError:
            raise
        except Exception as error:
            # Whatever is wrong with what is stored, requests go on under the last good policy.
            self.broken = str(error) or type(error).__name__
        self._number = number
        if self.broken:
            log.error("policy_refused", revision=number, kept=self._snapshot.version, error=self.broken)
            return
        self._snapshot = Snapshot(str(number), document, self.names)

    def check_health(self) -> Message | None:
        """That a policy is in force that was made for this deployment: ``UnavailableError`` in a process
        that has none to keep, a sentence in one that keeps the last good one."""
        kept = self.snapshot.version
        if not self.broken and self._number >= 0:
            return None
        if kept == NONE_YET:
            raise UnavailableError(
                _("No policy could be read, so only administrators may do anything"),
                hint=_("Look at what is wrong with it: tenon access check"),
            )
        return _("The newest policy is not in force; revision %(kept)s is", kept=kept)

    # What the kernel asks

    def held(self) -> Held:
        """The policy as it is now, for a unit of work: its rows and its fields come of one revision."""
        return Held(self, self.snapshot)

    def allows(self, actor: Actor, action: str, entity: str) -> bool:
        return self.held().allows(actor, action, entity)

    def scope(
        self, actor: Actor, action: str, entity: str, table: sa.FromClause
    ) -> sa.ColumnElement[bool] | None:
        return self.held().scope(actor, action, entity, table)

    def branches(self, actor: Actor, action: str, entity: str, table: sa.FromClause) -> tuple[Branch, ...]:
        return self.held().branches(actor, action, entity, table)

    def fields(self, actor: Actor, action: str, entity: str) -> FieldSet:
        return self.held().fields(actor, action, entity)

    def explain(self, actor: Actor, action: str, entity: str, id_: UUID) -> Explanation:
        from .why import explain

        return explain(self, actor, action, entity, id_)

    # For the rest of the plugin

    def decision(self, actor: Actor, entity: str, action: str) -> Decision:
        return self.held().decision(actor, entity, action)

    def changed(self) -> None:
        """A policy, a grant or a territory changed in this process: look again at once."""
        self.standings.forget()
        self.refresh(at_once=True)

    def reach(self, snapshot: Snapshot, actor: Actor, standing: Standing | None = None) -> Reach:
        """The compiler for one actor under a snapshot, in force or not."""
        return Held(self, snapshot).reach(actor, standing or self.standings.of(actor))

"""The schema's life: what is pending, upgrading, and whether all fits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ...errors import SchemaError
from ...messages import _
from ..engine import Storage
from .owners import MigrationOwner
from .revisions import PendingRevision, Revision, revisions_of
from .state import Orphan, SchemaState, read_state
from .verdict import SchemaProblem, SchemaReport, judge


class Migrations:
    """The migrations of a deployment.

    ``owners`` are in the order in which they migrate: whom others refer to comes
    first. Owners without a revision are left out of every answer.
    """

    def __init__(self, storage: Storage, owners: Sequence[MigrationOwner]) -> None:
        self.storage = storage
        self.owners = tuple(owners)

    def plan(self) -> list[PendingRevision]:
        """What :meth:`upgrade` would run, in order. ``SchemaError`` for a database that is newer."""
        state, known = self._state(), self._known()
        newer = tuple(p for p in judge(state, self.owners, known) if p.kind == "newer")
        SchemaReport(newer).raise_for_problems()
        return [
            PendingRevision(owner, revision)
            for owner in self.owners
            for revision in known[owner.name]
            if revision.id > state.versions.get(owner.name, "")
        ]

    def upgrade(self, told: Callable[[PendingRevision], None] = lambda step: None) -> list[PendingRevision]:
        """Run what is pending and return it; ``told`` hears of each step that was made.

        Each revision is one transaction. Processes that upgrade at once take turns,
        and a step that another one made is not made again. ``SchemaError`` names
        the revision that failed; those before it stay.
        """
        from .running import exclusive, run

        done = []
        with exclusive(self.storage) as connection:
            for step in self.plan():
                if run(connection, step):
                    done.append(step)
                    told(step)
        return done

    def check(self, *, models: bool = False) -> SchemaReport:
        """Every way in which database and code do not fit.

        ``models`` also compares the mapped classes with the tables, for developers.
        """
        state = self._state()
        problems = judge(state, self.owners, self._known())
        if models and not problems:
            problems = self._model_problems()
        return SchemaReport(problems, self._orphans(state))

    def ensure_current(self) -> None:
        """``SchemaError`` unless every owner's tables are those its code needs."""
        SchemaReport(judge(self._state(), self.owners, self._known())).raise_for_problems()

    def orphans(self) -> tuple[Orphan, ...]:
        """Tables kept for plugins that are not enabled or not installed now."""
        return self._orphans(self._state())

    def revision(self, owner: str, message: str, *, initial: bool = False) -> Path | None:
        """Draw the owner's next revision from its models; ``None`` where nothing changed.

        Works against a scratch database that the existing revisions have built, so
        it does not matter what the deployment's database holds. ``initial``
        draws ``0001`` anew, for an owner that was never released.
        """
        from .drawing import draw

        return draw(self.owners, self._named(owner), message, initial=initial)

    def _named(self, name: str) -> MigrationOwner:
        for owner in self.owners:
            if owner.name == name:
                return owner
        raise SchemaError(
            _("Nobody with tables is called %(name)s", name=name),
            hint=_("Enabled now: %(names)s.", names=", ".join(owner.name for owner in self.owners)),
        )

    def _state(self) -> SchemaState:
        with self.storage.reading() as connection:
            return read_state(connection)

    def _known(self) -> dict[str, Sequence[Revision]]:
        return {owner.name: revisions_of(owner) for owner in self.owners}

    def _orphans(self, state: SchemaState) -> tuple[Orphan, ...]:
        return state.orphans([owner.name for owner in self.owners])

    def _model_problems(self) -> tuple[SchemaProblem, ...]:
        from .comparing import differences

        with self.storage.reading() as connection:
            found = {owner.name: differences(connection, self.owners, owner) for owner in self.owners}
        return tuple(
            SchemaProblem(
                name,
                "models",
                _("The models of %(owner)s differ from its tables: %(what)s", owner=name, what=what),
                _("Run: tenon db revision %(owner)s -m 'what changed'", owner=name),
            )
            for name, diffs in found.items()
            for what in diffs
        )

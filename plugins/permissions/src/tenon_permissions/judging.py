"""A policy's lines held against one record, in Python: what SQL says of many, said of one."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from tenon.api import Actor, Message

from .line import ScopeName
from .names import Names
from .reach import DEEPEST, NoOwnerError, action_there, follows, level_for
from .snapshot import Decision


class World(Protocol):
    """What is so: the org tree, grants, other records."""

    def below(self, user_id: UUID | None) -> Container[UUID]: ...

    def members(self, team_id: UUID | None) -> Container[UUID]: ...

    def granted_level(self, actor: Actor, entity: str, record_id: UUID) -> int:
        """The highest level at which the record is shared with the actor; 0 where it is not."""
        ...

    def record(self, entity: str, id_: UUID) -> Mapping[str, Any] | None: ...

    def name(self, user_id: UUID | None) -> str: ...

    def line(self, above: UUID | None, below: UUID | None) -> str: ...

    def grant_sentence(self, actor: Actor, entity: str, record_id: UUID, level: int) -> Message | str: ...


@dataclass(frozen=True)
class Judging:
    """Judges records for anybody. ``decide(actor, entity, action)`` gives the lines."""

    names: Names
    world: World
    decide: Callable[[Actor, str, str], Decision]

    def allowed(
        self, actor: Actor, action: str, entity: str, record: Mapping[str, Any], depth: int = 0
    ) -> bool:
        """Whether the policy lets the actor do it to that record. Casbin decides."""
        decision = self.decide(actor, entity, action)
        if not decision.allowed or depth > DEEPEST:
            return False
        return decision.allows(
            entity, action, lambda scope, _eft: self.holds(actor, scope, action, entity, record, depth)
        )

    def holds(
        self,
        actor: Actor,
        scope: str,
        action: str,
        entity: str,
        record: Mapping[str, Any],
        depth: int = 0,
    ) -> bool:
        """Whether the record is within the scope, as seen by the actor."""
        placed = self.placed(actor, scope, action, entity, record, depth)
        if placed is None:
            return False
        view, found = placed
        try:
            return bool(self.names.scopes[ScopeName.of(scope).key].holds(view, found))
        except NoOwnerError:
            return False

    def placed(
        self,
        actor: Actor,
        scope: str,
        action: str,
        entity: str,
        record: Mapping[str, Any],
        depth: int = 0,
    ) -> tuple[View, Mapping[str, Any]] | None:
        """The view and the record that the scope is asked of: the record itself, or the one that it
        is within; ``None`` where that leads nowhere."""
        key = ScopeName.of(scope)
        while depth <= DEEPEST:
            path = follows(self.names.entities[entity], key.key)
            if path is None:
                return View(self, actor, entity, action, key.argument, depth), record
            there, id_ = str(self.names.entities[entity].fields[path].spec.to), record.get(path)
            found = self.world.record(there, id_) if id_ is not None else None
            if found is None:
                return None
            entity, record, depth = there, found, depth + 1
        return None


@dataclass(frozen=True)
class View:
    """What a scope's Python form is given: see :class:`tenon.api.ScopeView`."""

    judging: Judging
    actor: Actor
    entity: str
    action: str
    argument: str | None
    depth: int = 0

    def owner(self, record: Mapping[str, Any]) -> UUID | None:
        type_ = self.judging.names.entities[self.entity]
        if type_.entity.owner not in type_.fields:
            raise NoOwnerError(self.entity)
        found: UUID | None = record.get(type_.entity.owner)
        return found

    def below(self) -> Container[UUID]:
        return self.judging.world.below(self.actor.id)

    def members(self) -> Container[UUID]:
        return self.judging.world.members(self.actor.team_id)

    def granted(self, record: Mapping[str, Any]) -> bool:
        level = self.judging.world.granted_level(self.actor, self.entity, record["id"])
        return level >= level_for(self.action)

    def through(self, record: Mapping[str, Any], path: str) -> bool:
        field = self.judging.names.entities[self.entity].fields.get(path)
        to, id_ = (field.spec.to if field is not None else None), record.get(path)
        if to is None or id_ is None or to not in self.judging.names.entities:
            return False
        found = self.judging.world.record(to, id_)
        return found is not None and self.judging.allowed(
            self.actor, action_there(self.action), to, found, self.depth + 1
        )

    def name(self, user_id: UUID | None) -> str:
        return self.judging.world.name(user_id)

    def line_to(self, record: Mapping[str, Any]) -> str:
        return self.judging.world.line(self.actor.id, self.owner(record))

    def grant_of(self, record: Mapping[str, Any]) -> Message | str:
        return self.judging.world.grant_sentence(
            self.actor, self.entity, record["id"], level_for(self.action)
        )

"""A pipeline as it is in force: immutable, ordered, every part with its origin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ..messages import Message
from ..plugin.contributions import Approval, Guard, Stall, Status

ANY_OPEN = "*"


@dataclass(frozen=True)
class Origin:
    """Where a part of a pipeline was said: by a plugin, or in the settings.

    ``place`` names the spot (``pipeline sales``, ``patch of sales, change 2``,
    ``[pipelines.sales.stages.legal]``).
    """

    source: str
    place: str

    def __str__(self) -> str:
        return f"{self.source}: {self.place}"


@dataclass(frozen=True)
class Rule:
    """A guard and whoever asked for it."""

    guard: Guard
    origin: Origin


@dataclass(frozen=True)
class CompiledStage:
    """A stage in force. ``parts`` says who gave or changed what, oldest first."""

    key: str
    label: Message | str
    status: Status
    probability: int
    category: str | None
    entry: tuple[Rule, ...]
    exit: tuple[Rule, ...]
    stall: Stall | None
    help: Message | str | None
    origin: Origin
    parts: tuple[tuple[str, Origin], ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether records in this stage are still being worked on."""
        return self.status == "open"


@dataclass(frozen=True)
class CompiledTransition:
    """A declared move. ``source`` is a stage key or ``*`` for any open stage."""

    source: str
    target: str
    label: Message | str | None
    rule: Rule
    approvals: tuple[Approval, ...]

    @property
    def origin(self) -> Origin:
        """Who declared this move."""
        return self.rule.origin


@dataclass(frozen=True)
class CompiledPipeline:
    """Stages by key in their order, and the moves between them.

    ``free`` pipelines declare no moves of their own: an open stage leads to
    every other, a closed one back to every open one; their ``transitions`` only
    add guards and approvals. ``retired`` maps stages that were taken away to where
    the records still in them go (``None``: nobody said).
    """

    key: str
    entity: str
    label: Message | str
    stages: Mapping[str, CompiledStage]
    transitions: tuple[CompiledTransition, ...]
    free: bool
    default: bool
    origin: Origin
    retired: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def first(self) -> CompiledStage:
        """The stage a new record enters."""
        return next(iter(self.stages.values()))

    def settled(self, stage: str) -> str | None:
        """``stage``, or the stage that took its place where it was taken away."""
        seen: set[str] = set()
        found: str | None = stage
        while found is not None and found not in self.stages:
            if found in seen:
                return None
            seen.add(found)
            found = self.retired.get(found)
        return found

    def ways(self, source: str, target: str) -> tuple[CompiledTransition, ...]:
        """The declared transitions that cover a move; each one's guard must hold."""
        return tuple(t for t in self.transitions if t.target == target and self._leaves(t, source))

    def ways_into(self, target: str) -> tuple[CompiledTransition, ...]:
        """The declared transitions into ``target`` from stages that are open."""
        return tuple(t for t in self.transitions if t.target == target and self._is_open(t.source))

    def allows(self, source: str, target: str) -> bool:
        """Whether a move is part of this pipeline at all, guards aside."""
        if source == target or source not in self.stages or target not in self.stages:
            return False
        if self.free and (self.stages[source].is_open or self.stages[target].is_open):
            return True
        return bool(self.ways(source, target))

    def targets(self, source: str) -> Iterator[CompiledStage]:
        """The stages a record may move to from ``source``, in their order."""
        return (stage for stage in self.stages.values() if self.allows(source, stage.key))

    def _leaves(self, transition: CompiledTransition, source: str) -> bool:
        if transition.source == ANY_OPEN:
            return self._is_open(source)
        return transition.source == source

    def _is_open(self, source: str) -> bool:
        if source == ANY_OPEN:
            return True
        stage = self.stages.get(source)
        return stage is not None and stage.is_open

"""A customer's own changes to pipelines, read from the settings.

::

    [pipelines.sales]
    label = "Deals"

    [pipelines.sales.stages.proposal]      # a stage that is there: change it
    label = "Offer"
    stall_days = 14
    requires = ["close_date"]

    [pipelines.sales.stages.legal]         # a stage that is new: say after which
    after = "proposal"
    label = "Legal review"
    probability = 70

    [pipelines.sales.stages.demo]          # a stage nobody needs
    disabled = true
    move_to = "proposal"

    [[pipelines.sales.transitions]]
    from = "legal"
    to = "won"

    [[pipelines.sales.approvals]]
    to = "won"
    when = { field = "amount", op = "gte", value = 50000 }
    steps = [{ approvers = ["manager"], escalate_after_days = 2 }]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, cast

from ..messages import Message, _
from ..plugin import contributions as c
from .compiled import Origin
from .findings import Finding

SETTINGS = "settings"

PIPELINE_KEYS = ("label", "default", "stages", "transitions", "approvals")
STAGE_KEYS = (
    "after",
    "label",
    "status",
    "probability",
    "category",
    "requires",
    "stall_days",
    "disabled",
    "move_to",
)
MOVE_KEYS = ("from", "to", "label", "requires")
APPROVAL_KEYS = ("from", "to", "key", "label", "when", "steps")
STEP_KEYS = ("approvers", "quorum", "remind_after_days", "escalate_after_days", "escalate_to")
CONDITION_KEYS = ("field", "op", "value", "message")


@dataclass(frozen=True)
class SetStall:
    """How many days a stage may go without activity; ``None``: as many as it likes."""

    stage: str
    stall: c.Stall | None


Change = c.PipelineChange | SetStall


@dataclass(frozen=True)
class CustomerPatch:
    """What the settings say of one pipeline, as changes with their places."""

    pipeline: str
    changes: tuple[tuple[Change, Origin], ...]
    label: str | None = None
    default: bool = False


class _RefusedError(Exception):
    """A table of the settings that cannot be read; the findings say why."""


class _Reader:
    """Reads one ``[pipelines.<key>]`` table and collects what is wrong with it."""

    def __init__(self, pipeline: str, stages: frozenset[str]) -> None:
        self.pipeline = pipeline
        self.stages = stages
        self.findings: list[Finding] = []
        self.changes: list[tuple[Change, Origin]] = []

    def read(self, table: Any) -> CustomerPatch:
        self._attempt(self._pipeline, table, f"[pipelines.{self.pipeline}]")
        known = table if isinstance(table, Mapping) else {}
        label = known.get("label")
        return CustomerPatch(
            self.pipeline,
            tuple(self.changes),
            label=label if isinstance(label, str) else None,
            default=known.get("default") is True,
        )

    def _pipeline(self, table: Any, place: str) -> None:
        self._known(table, PIPELINE_KEYS, place)
        self._typed(table, place, {"label": str, "default": bool})
        stages = self._table(table.get("stages", {}), f"[pipelines.{self.pipeline}.stages]")
        for key, stage in stages.items():
            self._attempt(self._stage, stage, f"[pipelines.{self.pipeline}.stages.{key}]", key)
        for name, read in (("transitions", self._transition), ("approvals", self._approval)):
            for number, item in enumerate(self._list(table.get(name, []), f"{place} {name}"), 1):
                self._attempt(read, item, f"[[pipelines.{self.pipeline}.{name}]] number {number}")

    def _stage(self, table: Any, place: str, key: str) -> None:
        self._known(table, STAGE_KEYS, place)
        types = {"after": str, "label": str, "status": str, "probability": int, "category": str}
        self._typed(table, place, {**types, "disabled": bool, "move_to": str, "stall_days": (int, float)})
        origin = Origin(SETTINGS, place)
        requires = self._words(table.get("requires", []), f"{place} requires")
        if table.get("disabled"):
            self.changes.append((c.DisableStage(key, table.get("move_to")), origin))
        elif key in self.stages:
            self._no_more(table, ("after", "status", "probability", "category"), place)
            self._alter(table, key, requires, origin)
        else:
            self._insert(table, key, requires, origin)

    def _insert(self, table: Mapping[str, Any], key: str, requires: tuple[str, ...], origin: Origin) -> None:
        if "after" not in table:
            near = get_close_matches(key, self.stages, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            self._say("unknown-stage", f"stage {key!r} is not there and has no `after`{hint}", origin)
            return
        stage = c.Stage(
            key,
            _typed_label(table.get("label", key)),
            status=table.get("status", "open"),
            probability=table.get("probability", 0),
            category=table.get("category"),
            entry=c.Guard(requires=requires),
            stall=_stall(table),
        )
        self.changes.append((c.InsertStage(stage, table["after"]), origin))

    def _alter(self, table: Mapping[str, Any], key: str, requires: tuple[str, ...], origin: Origin) -> None:
        if "label" in table:
            self.changes.append((c.RelabelStage(key, _typed_label(table["label"])), origin))
        if requires:
            self.changes.append((c.AddGuard(key, entry=c.Guard(requires=requires)), origin))
        if "stall_days" in table:
            self.changes.append((SetStall(key, _stall(table)), origin))

    def _transition(self, table: Any, place: str) -> None:
        self._known(table, MOVE_KEYS, place)
        self._typed(table, place, {"from": str, "to": str, "label": str}, needed=("from", "to"))
        guard = c.Guard(requires=self._words(table.get("requires", []), f"{place} requires"))
        label = _typed_label(table["label"]) if "label" in table else None
        move = c.Transition(table["from"], table["to"], label, guard)
        self.changes.append((c.AddTransition(move), Origin(SETTINGS, place)))

    def _approval(self, table: Any, place: str) -> None:
        self._known(table, APPROVAL_KEYS, place)
        types = {"from": str, "to": str, "key": str, "label": str, "steps": list}
        self._typed(table, place, types, needed=("to", "steps"))
        when = self._condition(table["when"], f"{place} when") if "when" in table else None
        steps = tuple(self._step(step, f"{place} step {n}") for n, step in enumerate(table["steps"], 1))
        key = table.get("key", f"customer-{table['to']}-{len(self.changes) + 1}")
        label = _typed_label(table["label"]) if "label" in table else _("Approval")
        move = c.Transition(
            table.get("from", "*"), table["to"], approvals=(c.Approval(key, label, steps, when),)
        )
        self.changes.append((c.AddTransition(move), Origin(SETTINGS, place)))

    def _condition(self, table: Any, place: str) -> c.Condition:
        self._known(table, CONDITION_KEYS, place)
        self._typed(table, place, {"field": str, "op": str, "message": str}, needed=("field", "op"))
        message = _typed_label(table["message"]) if "message" in table else None
        return c.Condition(table["field"], table["op"], table.get("value"), message)

    def _step(self, table: Any, place: str) -> c.ApprovalStep:
        self._known(table, STEP_KEYS, place)
        days = (int, float)
        types = {"quorum": int, "remind_after_days": days, "escalate_after_days": days}
        self._typed(table, place, types, needed=("approvers",))
        return c.ApprovalStep(
            self._words(table["approvers"], f"{place} approvers"),
            quorum=table.get("quorum"),
            remind_after=_days(table.get("remind_after_days")),
            escalate_after=_days(table.get("escalate_after_days")),
            escalate_to=self._words(table.get("escalate_to", ["manager"]), f"{place} escalate_to"),
        )

    # Shapes

    def _attempt(self, read: Any, *args: Any) -> None:
        try:
            read(*args)
        except _RefusedError:
            return

    def _say(self, code: str, detail: str, origin: Origin) -> None:
        self.findings.append(Finding(code, f"{origin.place}: {detail}", self.pipeline, origin))

    def _refuse(self, detail: str, place: str) -> _RefusedError:
        self._say("settings", detail, Origin(SETTINGS, place))
        return _RefusedError()

    def _table(self, value: Any, place: str) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise self._refuse(f"expected a table, found {value!r}", place)
        return value

    def _list(self, value: Any, place: str) -> list[Any]:
        if not isinstance(value, list):
            raise self._refuse(f"expected a list, found {value!r}", place)
        return value

    def _words(self, value: Any, place: str) -> tuple[str, ...]:
        words = self._list(value, place)
        if not all(isinstance(word, str) for word in words):
            raise self._refuse(f"expected a list of texts, found {value!r}", place)
        return tuple(words)

    def _known(self, value: Any, keys: tuple[str, ...], place: str) -> None:
        for key in self._table(value, place):
            if key not in keys:
                near = get_close_matches(key, keys, 1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(keys)}"
                raise self._refuse(f"{key!r} is not known here{hint}", place)

    def _typed(
        self, table: Mapping[str, Any], place: str, types: Mapping[str, Any], needed: tuple[str, ...] = ()
    ) -> None:
        for key in needed:
            if key not in table:
                raise self._refuse(f"{key!r} is missing", place)
        for key, kind in types.items():
            value = table.get(key)
            wrong = isinstance(value, bool) and kind is not bool
            if key in table and (wrong or not isinstance(value, kind)):
                raise self._refuse(f"{key!r} is {value!r}, expected {_kind_name(kind)}", place)

    def _no_more(self, table: Mapping[str, Any], keys: tuple[str, ...], place: str) -> None:
        for key in keys:
            if key in table:
                raise self._refuse(f"{key!r} belongs to a new stage; this one is there already", place)


def read_customer_patch(
    pipeline: str, table: Any, stages: frozenset[str]
) -> tuple[CustomerPatch, list[Finding]]:
    """Read ``[pipelines.<pipeline>]``. ``stages`` are those that plugins give it."""
    reader = _Reader(pipeline, stages)
    patch = reader.read(table)
    return patch, reader.findings


def _typed_label(text: str) -> Message:
    """What a customer typed stays a plain ``str``, so that no face translates it."""
    return cast(Message, text)


def _stall(table: Mapping[str, Any]) -> c.Stall | None:
    after = _days(table.get("stall_days"))
    return c.Stall(after) if after else None


def _days(value: float | None) -> timedelta | None:
    return timedelta(days=value) if value is not None else None


def _kind_name(kind: Any) -> str:
    names = {str: "a text", int: "a whole number", bool: "true or false", list: "a list"}
    return names.get(kind, "a number")

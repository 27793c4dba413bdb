"""A pipeline to test with, and the vocabulary to change it."""

from __future__ import annotations

from datetime import timedelta

from tenon.messages import _
from tenon.plugin.contributions import (
    Approval,
    ApprovalStep,
    Condition,
    Guard,
    Pipeline,
    Stage,
    Stall,
    Transition,
)

STAGES = (
    Stage("prospect", _("Prospecting"), probability=10, category="pipeline"),
    Stage("engage", _("Engaging"), probability=40, stall=Stall(timedelta(days=30))),
    Stage("offer", _("Offer"), probability=70, entry=Guard(requires=("close_date",))),
    Stage("won", _("Won"), "won", 100, entry=Guard(requires=("amount",))),
    Stage("lost", _("Lost"), "lost", 0),
)

FREE = Pipeline("sales", "deal", _("Sales"), STAGES, default=True)


def strict(*moves: tuple[str, str], **changes: object) -> Pipeline:
    """The same stages with declared moves only."""
    transitions = tuple(Transition(source, target) for source, target in moves)
    return Pipeline("sales", "deal", _("Sales"), STAGES, transitions, **changes)


LINE = (("prospect", "engage"), ("engage", "offer"), ("offer", "won"), ("*", "lost"))

BIG = Approval(
    "big-deal",
    _("A large deal"),
    (ApprovalStep(("manager",)),),
    when=Condition("amount", "gte", 50_000),
)

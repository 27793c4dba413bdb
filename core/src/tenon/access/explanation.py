"""Why somebody may or may not do something, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..messages import Message
from .policy import ALL_FIELDS, FieldSet


@dataclass(frozen=True)
class Step:
    """One line of a policy, held against one record.

    ``line`` is the line as it stands in the policy, ``holds`` whether the record is within its
    scope, ``because`` what makes it so (or not), with names: the grant, the path through the
    org tree.
    """

    effect: Literal["allow", "deny"]
    line: str
    scope: str
    holds: bool
    because: Message | str


@dataclass(frozen=True)
class Explanation:
    """What was decided and by which lines. ``reason`` is the whole in one sentence."""

    allowed: bool
    entity: str
    action: str
    reason: Message | str
    steps: tuple[Step, ...] = ()
    fields: FieldSet = ALL_FIELDS
    version: str = ""

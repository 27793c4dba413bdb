"""Pipelines: stages, guards, transitions, history, stalls and approvals."""

from __future__ import annotations

from .check import Surroundings, check_all, check_pipeline
from .compiled import CompiledPipeline, CompiledStage, CompiledTransition, Origin, Rule
from .definition import Definitions, compile_pipelines
from .findings import Finding, PipelinesError, require_sound
from .guards import Attempt, Proposed
from .history import StageEntry
from .requests import ApprovalRequest
from .service import Move, MoveOutcome, Pipelines

__all__ = [
    "ApprovalRequest",
    "Attempt",
    "CompiledPipeline",
    "CompiledStage",
    "CompiledTransition",
    "Definitions",
    "Finding",
    "Move",
    "MoveOutcome",
    "Origin",
    "Pipelines",
    "PipelinesError",
    "Proposed",
    "Rule",
    "StageEntry",
    "Surroundings",
    "check_all",
    "check_pipeline",
    "compile_pipelines",
    "require_sound",
]

"""Pipelines: stages, guards, transitions, history, stalls and approvals."""

from __future__ import annotations

from .check import Surroundings, check_pipeline
from .compiled import CompiledPipeline, CompiledStage, CompiledTransition, Origin, Rule
from .definition import Definitions, compile_pipelines
from .findings import Finding, PipelinesError, require_sound

__all__ = [
    "CompiledPipeline",
    "CompiledStage",
    "CompiledTransition",
    "Definitions",
    "Finding",
    "Origin",
    "PipelinesError",
    "Rule",
    "Surroundings",
    "check_pipeline",
    "compile_pipelines",
    "require_sound",
]

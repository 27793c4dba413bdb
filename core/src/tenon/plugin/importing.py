"""Import plugins, and find the line of theirs that is to blame when that fails."""

from __future__ import annotations

import importlib
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from .discovery import Candidate, Location
from .report import Code, PluginProblem


def import_plugin(candidate: Candidate) -> tuple[Any, tuple[ModuleType, ...]]:
    """The plugin object and its model modules. Raises whatever the plugin's code raises."""
    module = importlib.import_module(candidate.module)
    target: Any = module
    for part in filter(None, candidate.attribute.split(".")):
        target = getattr(target, part)
    package = candidate.location.package if candidate.location else module.__package__ or ""
    manifest = candidate.manifest
    names = manifest.models if manifest else ()
    return target, tuple(importlib.import_module(name, package) for name in names)


def import_problem(candidate: Candidate, error: BaseException) -> PluginProblem:
    """What to tell of an exception that left the plugin's module while it was imported."""
    return candidate.problem(
        Code.IMPORT_FAILED,
        blamed_line(candidate.location, error) or candidate.module,
        f"Importing the plugin failed: {described(error)}",
        f"that `import {candidate.module}` works",
        _hint(candidate, error),
    )


def described(error: BaseException) -> str:
    """``TypeError: the message``, on one line."""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {' '.join(str(text).split())}" if text else type(error).__name__


def blamed_line(location: Location | None, error: BaseException) -> str | None:
    """``file:line`` of the innermost frame that is the plugin's own."""
    if location is None:
        return None
    if isinstance(error, SyntaxError) and error.filename and _inside(location, error.filename):
        return f"{location.display(error.filename)}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _inside(location, frame.filename)]
    return f"{location.display(own[-1].filename)}:{own[-1].lineno}" if own else None


def _inside(location: Location, file: str) -> bool:
    return Path(file).resolve().is_relative_to(location.folder.resolve())


def _hint(candidate: Candidate, error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        top = error.name.partition(".")[0]
        own = candidate.module.partition(".")[0]
        if top != own:
            return f"Install what provides {top!r}, and name it in the plugin's dependencies."
    if candidate.builtin:
        return "Install tenon-crm again: the fault is in the kernel."
    return f'Mend that line, or start without it: on_error = "quarantine" in [plugins.{candidate.name}].'

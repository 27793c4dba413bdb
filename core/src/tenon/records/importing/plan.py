"""A plan: several files, each with its map, in the order in which they refer to each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import Problem
from ...messages import _
from ...nearest import did_you_mean
from ...settings.tomlfile import TomlError, read_toml
from .imports import Step
from .mapfile import load_map
from .problems import MapError

_KEYS = ("file", "entity", "map")


def load_plan(plan: Path, folder: Path) -> list[Step]:
    """The steps that ``plan`` names: files out of ``folder``, maps beside the plan.

    Raises :class:`MapError` with every problem of the plan and of its maps.
    """
    try:
        data = read_toml(plan).data
    except (TomlError, OSError) as error:
        raise MapError(_("The plan %(path)s cannot be read: %(error)s", path=plan, error=error)) from error
    given = data.get("step")
    problems = [_unknown(key, ("step",), "") for key in data if key != "step"]
    if not isinstance(given, list) or not given:
        raise MapError(
            _("The plan %(path)s has no steps", path=plan),
            hint=_('Write one [[step]] for each file, with file = "…" and map = "…".'),
            problems=problems,
        )
    steps: list[Step] = []
    for number, step in enumerate(given, 1):
        wrong = _wrong(step, number)
        problems += wrong
        if not wrong:
            steps += _step(step, plan.parent, folder, problems)
    if problems:
        raise MapError(_("The plan %(path)s has mistakes", path=plan), problems=problems)
    return steps


def _wrong(step: Any, number: int) -> list[Problem]:
    where = f"step {number}"
    if not isinstance(step, dict):
        return [Problem(where, "plan", _("a table is expected"))]
    problems = [_unknown(key, _KEYS, where) for key in step if key not in _KEYS]
    for key in ("file", "map"):
        if not isinstance(step.get(key), str):
            problems.append(Problem(where, "plan", _('it needs %(key)s = "…"', key=key)))
    return problems


def _unknown(key: str, known: tuple[str, ...], where: str) -> Problem:
    detail = _("there is no key %(key)s%(near)s", key=repr(key), near=did_you_mean(key, known))
    return Problem(where, "plan", detail)


def _step(step: dict[str, str], maps: Path, folder: Path, problems: list[Problem]) -> list[Step]:
    try:
        return [Step(folder / step["file"], load_map(maps / step["map"], step.get("entity")))]
    except MapError as error:
        problems += error.problems or [Problem(step["map"], "map", error.message)]
        return []

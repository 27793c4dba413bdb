"""On which line a plugin says something, read from its source text.

A contribution is data; the hook that gave it is known, but a person wants the
line that names the thing. These searches run only for a report or for
``tenon plugins why``, never while serving.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from .discovery import Location

_NAMING = ("key", "name", "entity", "pipeline", "stage")


def call_line(location: Location | None, kind: str, key: str) -> str | None:
    """``file:line`` of the call ``kind("key", …)`` in the plugin's own files."""
    if location is None:
        return None
    for file in _files(location.folder):
        for call in _calls(file, file.stat().st_mtime_ns):
            if _called(call) == kind and key in _names_given(call):
                return f"{location.display(file)}:{call.lineno}"
    return None


def model_line(location: Location | None, model: type[Any], column: str | None = None) -> str | None:
    """``file:line`` of a model's class, or of the class and line that give a column."""
    if column is None:
        return _class_line(location, model)
    for owner in model.__mro__:
        if column in vars(owner) or column in vars(owner).get("__annotations__", ()):
            line = _member_line(location, owner, column)
            if line:
                return line
    return None


def _class_line(location: Location | None, owner: type[Any]) -> str | None:
    try:
        file, (_, line) = inspect.getsourcefile(owner), inspect.getsourcelines(owner)
    except (OSError, TypeError):
        return None
    return f"{_display(location, file)}:{line}" if file else None


def _member_line(location: Location | None, owner: type[Any], column: str) -> str | None:
    try:
        file, (text, start) = inspect.getsourcefile(owner), inspect.getsourcelines(owner)
    except (OSError, TypeError):
        return None
    for offset, line in enumerate(text):
        bare = line.strip()
        if bare.startswith((f"{column} =", f"{column}:", f"{column}=", f"def {column}(")):
            return f"{_display(location, file)}:{start + offset}" if file else None
    return None


def _display(location: Location | None, file: str | None) -> str:
    path = Path(file or "")
    if location is not None and path.resolve().is_relative_to(location.folder.resolve()):
        return location.display(path)
    # A mixin of another package: from its top-level folder on, as for a plugin's own files.
    top = path.parent
    while (top.parent / "__init__.py").is_file():
        top = top.parent
    return path.relative_to(top.parent).as_posix()


@lru_cache(maxsize=64)
def _files(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(file for file in folder.rglob("*.py") if "migrations" not in file.parts))


@lru_cache(maxsize=512)
def _calls(file: Path, _changed: int) -> tuple[ast.Call, ...]:
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return ()
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _names_given(call: ast.Call) -> Iterator[str]:
    values = [*call.args[:1], *(word.value for word in call.keywords if word.arg in _NAMING)]
    for value in values:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value

"""What the plugin's source imports, and whether it asks the database through the guarded session."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

from .subject import Installed, Subject, none_of

ALLOWED = ("tenon.api", "tenon.testing")
STORAGE = ("reading", "writing", "snapshot", "connecting", "engine", "committing")
RUNS = ("execute", "scalar", "scalars", "stream")


class CodeChecks(Subject):
    """Checks of the source, without running it."""

    def test_it_imports_tenon_through_its_api_alone(self, installed: Installed) -> None:
        none_of(
            (
                f"{file.name}:{line} imports {module}"
                for file, line, module in imports(installed)
                if module.split(".")[0] == "tenon" and not module.startswith(ALLOWED)
            ),
            "Import from tenon.api: what lies behind it may change with any release.",
        )

    def test_it_imports_no_other_plugin(self, installed: Installed) -> None:
        own = package(installed)
        others = {point.module.split(".")[0] for point in entry_points(group="tenon.plugins")} - {own}
        none_of(
            (
                f"{file.name}:{line} imports {module}"
                for file, line, module in imports(installed)
                if module.split(".")[0] in others
            ),
            "Refer to another plugin's records, stages and fields by name, and declare it in plugin.toml.",
        )

    def test_it_does_not_reach_around_the_guard(self, installed: Installed) -> None:
        none_of(
            (
                f"{file.name}:{node.lineno} {what}"
                for file, tree in sources(installed)
                for node in ast.walk(tree)
                if isinstance(node, ast.expr)
                for what in detours(node)
            ),
            "Ask through work.page, work.sums or work.session; what has to look beyond the actor says why: "
            'work.as_system("the reason").connection.',
        )


def detours(node: ast.expr) -> Iterator[str]:
    """What leads around the guard at this place of the source."""
    match node:
        case ast.Attribute(attr="unguarded"):
            yield "uses work.unguarded, the kernel's own connection"
        case ast.Attribute(value=ast.Attribute(attr="storage"), attr=name) if name in STORAGE:
            yield f"uses storage.{name}, beneath units of work"
        case ast.Call(func=ast.Name(id="create_engine") | ast.Attribute(attr="create_engine")):
            yield "makes an engine of its own"
        case ast.Call(func=ast.Attribute(value=asked, attr=run), args=[statement, *_]) if run in RUNS:
            if _names(asked, "session") and not _names(asked, "as_system") and _calls(statement, "text"):
                yield "runs text() in work.session, which refuses it"


def _names(node: ast.AST, name: str) -> bool:
    """Whether a variable or attribute of that name is in the expression."""
    parts = (getattr(part, "attr", None) or getattr(part, "id", None) for part in ast.walk(node))
    return name in parts


def _calls(node: ast.AST, name: str) -> bool:
    return any(isinstance(part, ast.Call) and _names(part.func, name) for part in ast.walk(node))


def package(installed: Installed) -> str:
    """The plugin's top-level package."""
    return installed.candidate.module.split(".")[0]


def imports(installed: Installed) -> Iterator[tuple[Path, int, str]]:
    """Every absolute import of the plugin's package: file, line and module.

    ``from tenon import api`` counts as ``tenon.api``.
    """
    for file, tree in sources(installed):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from ((file, node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                yield from (
                    (file, node.lineno, name) for name in (names if node.module == "tenon" else [node.module])
                )


def sources(installed: Installed) -> Iterator[tuple[Path, ast.Module]]:
    """Every module of the plugin's package: its file and its syntax."""
    location = installed.candidate.location
    assert location is not None
    for file in sorted(location.folder.rglob("*.py")):
        yield file, ast.parse(file.read_bytes(), str(file))

"""What the plugin's source imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

from .subject import Installed, Subject, none_of

ALLOWED = ("tenon.api", "tenon.testing")


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


def package(installed: Installed) -> str:
    """The plugin's top-level package."""
    return installed.candidate.module.split(".")[0]


def imports(installed: Installed) -> Iterator[tuple[Path, int, str]]:
    """Every absolute import of the plugin's package: file, line and module.

    ``from tenon import api`` counts as ``tenon.api``.
    """
    location = installed.candidate.location
    assert location is not None
    for file in sorted(location.folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_bytes(), str(file))):
            if isinstance(node, ast.Import):
                yield from ((file, node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                yield from (
                    (file, node.lineno, name) for name in (names if node.module == "tenon" else [node.module])
                )

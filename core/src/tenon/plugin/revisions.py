"""A plugin's migrations, as far as their files tell without running them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Revision:
    """One migration file: its id and those it follows."""

    id: str
    follows: frozenset[str]
    file: Path


def revisions(folder: Path) -> list[Revision]:
    """The migrations in ``folder`` or its ``versions``, by file name."""
    files = [*folder.glob("*.py"), *(folder / "versions").glob("*.py")]
    return [found for file in sorted(files) for found in _revision(file)]


def heads(found: list[Revision]) -> list[str]:
    """The ids that no other revision follows. A sound history has exactly one."""
    followed = {parent for revision in found for parent in revision.follows}
    return sorted(revision.id for revision in found if revision.id not in followed)


def _revision(file: Path) -> Iterator[Revision]:
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return
    values = dict(_assigned(tree))
    identity = values.get("revision")
    if isinstance(identity, str):
        yield Revision(identity, frozenset(_names(values.get("down_revision"))), file)


def _assigned(tree: ast.Module) -> Iterator[tuple[str, object]]:
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Name):
                yield target.id, _literal(value)


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _names(value: object) -> Iterator[str]:
    for item in value if isinstance(value, tuple | list | set) else (value,):
        if isinstance(item, str):
            yield item

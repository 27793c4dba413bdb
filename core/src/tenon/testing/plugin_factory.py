"""Real plugins for a test: packages with a manifest, installed in a folder of their own.

What is made here is what ``pip install`` leaves behind: an importable package with its
``plugin.toml``, and beside it a ``.dist-info`` with metadata, entry points and a record. So
a test meets the loader as a deployment does.

::

    def test_a_plugin_adds_an_entity(plugin_factory):
        plugin_factory.make("loyalty", "@hookimpl\\ndef entities():\\n    return []")
        plugins = load_plugins(Settings.for_tests(plugins=["loyalty"]))
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

PREAMBLE = "from tenon.api import *\nfrom tenon.api import _\n"
_REVISION = 'revision = "{name}_0001"\ndown_revision = None\n\n\ndef upgrade():\n    pass\n'


@dataclass(frozen=True)
class MadePlugin:
    """A plugin that was made: its entry point's name, its package and its files."""

    name: str
    package: str
    distribution: str
    folder: Path

    def write(self, file: str, text: str) -> Path:
        """Put another file into the package; its text is dedented."""
        return _write(self.folder / file, dedent(text))


class PluginFactory:
    """Makes installed plugins below ``root``, which is on ``sys.path`` until :meth:`close`."""

    def __init__(self, root: Path, preamble: str = PREAMBLE) -> None:
        self.root = root
        self.preamble = preamble
        self._packages: list[str] = []
        root.mkdir(parents=True, exist_ok=True)
        sys.path.insert(0, str(root))

    def make(
        self,
        name: str,
        code: str = "",
        *,
        manifest: str | None = None,
        version: str = "1.0.0",
        distribution: str | None = None,
        package: str | None = None,
        module: str | None = None,
        files: Mapping[str, str] | None = None,
        migrations: bool = False,
        editable: bool = False,
        **keys: Any,
    ) -> MadePlugin:
        """Install a plugin.

        ``code`` becomes ``plugin.py``, behind :attr:`preamble`. ``manifest`` is the text of
        ``plugin.toml``; without it, one is written from ``name``, ``api = 1`` and ``keys``
        (``requires={"other": ">=1.0"}``, ``modes=["b2b"]``). ``migrations`` adds a first,
        empty revision. ``editable`` leaves the package elsewhere, with a ``.pth``-like
        entry on the path. ``module`` is what the entry point names.
        """
        package = package or f"made_{name}"
        home = self.root / f"{package}_src" if editable else self.root
        made = MadePlugin(name, package, distribution or f"tenon-{name.replace('_', '-')}", home / package)
        made.write("__init__.py", "")
        _write(made.folder / "plugin.py", self.preamble + dedent(code))
        _write(
            made.folder / "plugin.toml", dedent(manifest) if manifest is not None else _manifest(name, keys)
        )
        for file, text in (files or {}).items():
            made.write(file, text)
        if migrations:
            made.write(f"migrations/versions/{name}_0001.py", _REVISION.format(name=name))
        self._install(made, version, module or f"{package}.plugin", home)
        return made

    def _install(self, made: MadePlugin, version: str, module: str, home: Path) -> None:
        info = self.root / f"{made.distribution.replace('-', '_')}-{version}.dist-info"
        _write(info / "METADATA", f"Metadata-Version: 2.1\nName: {made.distribution}\nVersion: {version}\n")
        _write(info / "entry_points.txt", f"[tenon.plugins]\n{made.name} = {module}\n")
        _write(info / "RECORD", "".join(f"{line},,\n" for line in self._record(made, info, home)))
        if home != self.root and str(home) not in sys.path:
            sys.path.insert(0, str(home))
        self._packages.append(made.package)
        importlib.invalidate_caches()

    def _record(self, made: MadePlugin, info: Path, home: Path) -> list[str]:
        files = [*info.glob("*")] if home != self.root else [*info.glob("*"), *made.folder.rglob("*")]
        return sorted(file.relative_to(self.root).as_posix() for file in files if file.is_file())

    def close(self) -> None:
        """Take everything off the path and out of the imported modules."""
        sys.path[:] = [entry for entry in sys.path if not Path(entry).is_relative_to(self.root)]
        for name in list(sys.modules):
            if name.partition(".")[0] in self._packages:
                del sys.modules[name]
        importlib.invalidate_caches()


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _manifest(name: str, keys: Mapping[str, Any]) -> str:
    lines = [f"{key} = {_toml(value)}" for key, value in {"name": name, "api": 1, **keys}.items()]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple | set | frozenset):
        return "[" + ", ".join(_toml(inner) for inner in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


@pytest.fixture
def plugin_factory(tmp_path: Path) -> Iterator[PluginFactory]:
    """Installs plugins for one test, and takes them away behind it."""
    factory = PluginFactory(tmp_path / "site")
    yield factory
    factory.close()

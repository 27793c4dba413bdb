"""Writes THIRD_PARTY.md: what of others the kernel's wheel carries, and under which licence.

`--check` compares instead of writing, and returns 1 where the page is behind.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "core"
PAGE = ROOT / "THIRD_PARTY.md"
LICENCES = CORE / "src/tenon/web/static/vendor/licences"

HEAD = """# What of others Tenon carries

The wheel of the kernel holds these files in `tenon/web/static/vendor/`, taken from npm when it is built.
`core/assets/vendor.toml` is the list, `core/package-lock.json` pins the versions, and the licence
texts stand below and in the wheel. Everything else Tenon needs is a dependency that is installed beside it.

Written by `scripts/third_party.py`; change the list, then run `make lock`.

| component | from | licence | files |
|---|---|---|---|
"""


def components() -> list[dict[str, Any]]:
    """Return the entries of the allow-list."""
    listed: list[dict[str, Any]] = tomllib.loads((CORE / "assets/vendor.toml").read_text("utf-8"))[
        "component"
    ]
    return listed


def version(package: str) -> str:
    """Return the locked version of an npm package."""
    lock = json.loads((CORE / "package-lock.json").read_text("utf-8"))
    locked: str = lock["packages"][f"node_modules/{package}"]["version"]
    return locked


def row(component: dict[str, Any]) -> str:
    """Return a component's line in the table."""
    source = f"{component['package']} {version(component['package'])}"
    files = ", ".join(f"`{Path(name).name}`" for name in component["files"])
    within = f"inside {component['within']}'s files" if "within" in component else "`icons.svg`"
    return f"| {component['name']} | {source} | {component['licence']} | {files or within} |\n"


def licence(component: dict[str, Any]) -> str:
    """Return a component's licence as a section."""
    text = (LICENCES / f"{component['name'].lower().replace(' ', '-')}.txt").read_text("utf-8")
    return f"\n## {component['name']}\n\n```text\n{text.strip()}\n```\n"


def page() -> str:
    """Return the whole page."""
    listed = components()
    return HEAD + "".join(map(row, listed)) + "".join(map(licence, listed))


def main(arguments: list[str]) -> int:
    """Write the page, or with --check compare it."""
    if not LICENCES.is_dir():
        print("The web assets are not there (TENON_ASSETS=skip?): run `make clean install`, then this again.")
        return 1
    if "--check" not in arguments:
        PAGE.write_text(page(), encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text("utf-8") != page():
        print("THIRD_PARTY.md is behind core/assets/vendor.toml: run `make lock`, and commit the page.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Installing a plugin's folder for editing, without pip and its network."""

from __future__ import annotations

import tomllib
from pathlib import Path


def install_for_editing(folder: Path) -> None:
    """Leave behind what an editable install does: metadata beside the source."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    ((name, module),) = project["entry-points"]["tenon.plugins"].items()
    info = folder / "src" / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    readme = (folder / project["readme"]).read_text()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n\n{readme}"
    )
    (info / "entry_points.txt").write_text(f"[tenon.plugins]\n{name} = {module}\n")

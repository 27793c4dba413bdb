"""An environment of its own, as a stranger has: wheels alone, nothing of this workspace beside them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "core": ROOT / "core",
    "b2b_accounts": ROOT / "plugins/b2b_accounts",
    "machines": ROOT / "examples/tenon-machines",
}


class Stranger:
    """A virtual environment with the workspace's third-party libraries, and of Tenon what is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin/python"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        self.site = next((folder / "lib").glob("python*")) / "site-packages"
        (self.site / "libraries.pth").write_text(str(self._libraries()), encoding="utf-8")

    def _libraries(self) -> Path:
        # In a folder that a .pth file names, other .pth files are not read: nothing editable leaks in.
        farm = self.folder / "libraries"
        farm.mkdir()
        for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
            if not entry.name.startswith(("tenon", "_tenon", "__editable__")) and entry.suffix != ".pth":
                (farm / entry.name).symlink_to(entry)
        return farm

    def install(self, wheel: Path) -> None:
        """Unpack a wheel, which is all that installing one without compiled code or scripts is."""
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.site)

    def run(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run the environment's Python, which knows nothing of ours."""
        env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST", "PYTHON", "TENON"))
        }
        return subprocess.run(
            [str(self.python), *arguments], cwd=cwd, env=env, capture_output=True, text=True
        )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Build the wheel of a package, once in a run."""
    built: dict[str, Path] = {}

    def build(package: str) -> Path:
        if package not in built:
            out = tmp_path_factory.mktemp(f"wheel-{package}")
            built[package] = build_wheel(PACKAGES[package], out)
        return built[package]

    return build


def build_wheel(project: Path, out: Path) -> Path:
    """Build without a network: the web face's files are those that the workspace has."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=project,
        env={**os.environ, "TENON_ASSETS": "skip"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("*.whl"))


@pytest.fixture
def stranger(tmp_path: Path, wheel: Callable[[str], Path]) -> Stranger:
    """Somebody who installed the kernel's wheel and that of tenon-machines, and nothing else of Tenon."""
    made = Stranger(tmp_path / "stranger")
    made.install(wheel("core"))
    made.install(wheel("machines"))
    return made


@pytest.fixture
def machines_tests(tmp_path: Path) -> Path:
    """The tests of tenon-machines, away from its source."""
    copy = tmp_path / "machines"
    shutil.copytree(PACKAGES["machines"] / "tests", copy / "tests")
    shutil.copy(PACKAGES["machines"] / "pyproject.toml", copy)
    return copy

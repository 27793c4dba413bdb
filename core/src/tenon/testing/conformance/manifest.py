"""What the manifest says, and what the README says of it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from .subject import Installed, Subject, none_of


class ManifestChecks(Subject):
    """Checks that need neither the plugin's code nor a database."""

    def test_the_manifest_says_what_the_plugin_is(self, installed: Installed) -> None:
        manifest = installed.manifest
        wrong = []
        if not manifest.summary.strip():
            wrong.append("it has no summary: one sentence for `tenon plugins list`")
        if not manifest.kernel:
            wrong.append('it does not say which kernel it needs at least: kernel = ">=0.1"')
        if not installed.candidate.version:
            wrong.append("neither it nor the distribution has a version")
        none_of(wrong, "Complete plugin.toml.")

    def test_every_setting_says_what_it_is_for(self, installed: Installed) -> None:
        settings = installed.manifest.settings.values()
        none_of(
            (f"the setting {setting.key!r} has no help" for setting in settings if not setting.help.strip()),
            'Write help = "…" at each in plugin.toml.',
        )

    def test_settings_without_a_default_are_few(self, installed: Installed) -> None:
        needed = [
            s.key for s in installed.manifest.settings.values() if s.required and s.key not in self.settings
        ]
        none_of(
            (f"the setting {key!r} has to be given before anything starts" for key in needed),
            "Give each a default, or a value in `settings` of this class.",
        )

    def test_the_readme_says_what_it_does_and_how_it_is_set(self, installed: Installed) -> None:
        text = readme(installed)
        wrong = [] if text.strip() else ["there is no README.md"]
        wrong += [
            f"it does not mention the setting {key!r}"
            for key in installed.manifest.settings
            if key not in text
        ]
        none_of(wrong, 'Write README.md beside pyproject.toml, and name it there: readme = "README.md".')


def readme(installed: Installed) -> str:
    """The README that the distribution carries, or that lies beside its pyproject.toml."""
    try:
        carried = metadata(installed.candidate.distribution).json.get("description", "")
    except (PackageNotFoundError, ValueError):
        carried = ""
    if str(carried).strip():
        return str(carried)
    location = installed.candidate.location
    folders = [location.folder, *location.folder.parents] if location else []
    root = next((folder for folder in folders if (folder / "pyproject.toml").is_file()), Path("."))
    found = root / "README.md"
    return found.read_text(encoding="utf-8") if found.is_file() else ""

"""The pages lead where they say."""

from __future__ import annotations

import re
from pathlib import Path


def test_every_link_of_the_documentation_leads_somewhere() -> None:
    root = Path(__file__).parents[2]
    pages = [
        *root.glob("*.md"),
        *root.glob("docs/**/*.md"),
        *root.glob("examples/*/*.md"),
        *root.glob("plugins/*/*.md"),
    ]
    broken = [
        f"{page.relative_to(root)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []

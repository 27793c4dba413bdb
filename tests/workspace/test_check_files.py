"""What may not be committed is found, and what may is let through."""

from __future__ import annotations

import pytest

from scripts.check_files import findings

BROKEN = [
    ("docs/setup.md", "run it in /root/tenon"),
    ("docs/setup.md", "run it in /home/bob/tenon"),
    ("requirements/dev.lock", "--index-url https://mirror.example/simple"),
    ("core/package-lock.json", '"resolved": "https://mirror.example/htmx.tgz"'),
    ("web/templates/page.html", '<p style="color: red">'),
    ("web/templates/page.html", "<script>go()</script>"),
    ("web/templates/page.html", '<a onclick="go()">'),
    ("web/templates/page.html", '<a hx-on:click="go()">'),
    ("web/static/tenon.css", "margin-left: 1rem"),
    ("web/static/tenon.css", "  right: 0"),
    ("web/static/tenon.css", "text-align: left"),
    ("web/static/tenon.css", "border-top-left-radius: 3px"),
]
SOUND = [
    ("docs/setup.md", "see https://example.org/work/places and docs/work/flow"),
    ("core/package-lock.json", '"url": "https://opencollective.com/popperjs"'),
    ("web/templates/page.html", '<script src="/static/app.js" defer></script>'),
    ("web/templates/page.html", '<script type="application/json" id="data">{}</script>'),
    ("web/static/tenon.css", "margin-inline-start: 1rem; inset-inline-end: 0; --left: 1px"),
]


@pytest.mark.parametrize(("name", "line"), BROKEN)
def test_a_forbidden_line_is_found(name, line):
    assert list(findings(name, line))


@pytest.mark.parametrize(("name", "line"), SOUND)
def test_a_sound_line_is_let_through(name, line):
    assert list(findings(name, line)) == []

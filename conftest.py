"""Fixtures and marks for every suite of the workspace: those in tests/ and each plugin's own."""

from __future__ import annotations

import pytest

pytest_plugins = ["tests.fixtures.databases", "tests.fixtures.browsers"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser or a server by the fixtures it asks for, so that nobody forgets to."""
    for item in items:
        asked = set(getattr(item, "fixturenames", ()))
        if "chromium" in asked:
            item.add_marker(pytest.mark.browser)
        if "postgres_server" in asked:
            item.add_marker(pytest.mark.postgresql)

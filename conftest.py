"""Fixtures for every suite of the workspace: those in tests/ and each plugin's own."""

from __future__ import annotations

pytest_plugins = ["tests.fixtures.databases", "tests.fixtures.browsers"]

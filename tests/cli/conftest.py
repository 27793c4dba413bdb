"""Servers that are gone when the test is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tenon.testing.plugin_factory import plugin_factory
from tests.cli.process import Served

__all__ = ["plugin_factory"]

Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start `tenon run` in the test's folder."""
    started: list[Served] = []

    def start(*arguments: str, **env: str) -> Served:
        started.append(Served(tmp_path, *arguments, env=env))
        return started[-1]

    yield start
    for served in started:
        served.close()

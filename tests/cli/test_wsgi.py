"""The app for WSGI servers of others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.process import clean_environment, tenon

ASKS = """
import sys
import tenon.wsgi
print("flask" in sys.modules)
from tenon.wsgi import app
from werkzeug.test import Client
answer = Client(app).get("/healthz")
print(answer.status_code, bool(answer.headers["X-Request-ID"]), tenon.wsgi.app is app)
"""


def ask(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", ASKS]
    return subprocess.run(command, cwd=folder, env=clean_environment(), capture_output=True, text=True)


@pytest.mark.slow
def test_the_app_is_composed_when_a_server_asks_for_it_and_once(tmp_path: Path) -> None:
    assert tenon("db", "upgrade", cwd=tmp_path).returncode == 0

    assert ask(tmp_path).stdout.split() == ["False", "200", "True", "True"]


@pytest.mark.slow
def test_it_does_not_start_on_a_schema_that_is_behind(tmp_path: Path) -> None:
    done = ask(tmp_path)

    assert done.returncode == 1
    assert "tenon db upgrade" in done.stderr

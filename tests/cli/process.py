"""`tenon run` as a process of its own, on a free port, in a folder of its own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PATIENCE = 90.0
TENON = (sys.executable, "-c", "from tenon.cli import main; main()")


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without settings that somebody may have in theirs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TENON_")}
    return {**kept, "PYTHONUNBUFFERED": "1", **more}


def tenon(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*TENON, *arguments],
        cwd=cwd,
        env=clean_environment(**env),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    """`tenon run` in ``folder``; its output goes to a file there."""

    def __init__(self, folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder / f"out-{self.port}.txt"
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                [*TENON, "run", "--port", str(self.port), *arguments],
                cwd=folder,
                env=clean_environment(**(env or {})),
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        return self.log.read_text()

    def wait_until_up(self) -> Served:
        """Until ``/healthz`` answers."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.output
            try:
                if self.get("/healthz")[0] == 200:
                    return self
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"not up after {PATIENCE} s:\n{self.output}")

    def get(self, path: str, **headers: str) -> tuple[int, str, Mapping[str, str]]:
        """Status, body and headers of one answer."""
        return self.request("GET", path, None, headers)

    def request(
        self, method: str, path: str, body: Any, headers: Mapping[str, str]
    ) -> tuple[int, str, Mapping[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Content-Type": "application/json", **sent})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), {k.lower(): v for k, v in answer.getheaders()}
        finally:
            connection.close()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end, and say how it did."""
        self.process.send_signal(number)
        return self.process.wait(timeout=60)

    def close(self) -> None:
        """Make sure that it is gone, whatever the test did."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=30)

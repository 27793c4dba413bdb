"""How long an installed app takes to answer, and what memory it holds then."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .. import processes
from .world import PLUGINS

SETTINGS = """modes = ["b2b"]
access = "open"
[database]
url = "{url}"
[plugins]
enabled = {plugins}
"""


@dataclass(frozen=True)
class Start:
    """From the start of the process to the first 200, in seconds; memory in MB."""

    seconds: float
    cpu: float
    memory: float


def start(url: str, folder: Path) -> Start:
    """Run ``tenon run`` as people do, worker included, until it answers."""
    (folder / "tenon.toml").write_text(
        SETTINGS.format(url=url, plugins=list(PLUGINS)).replace("'", '"'), encoding="utf-8"
    )
    port = free_port()
    command = [str(Path(sys.executable).with_name("tenon")), "run", "--port", str(port)]
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stdin=subprocess.PIPE, text=True
    )
    try:
        seconds = processes.answers(f"http://127.0.0.1:{port}/healthz") - began
        return Start(seconds, processes.cpu_seconds([process.pid]), processes.memory_mb(process.pid))
    finally:
        processes.stop(process)


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port

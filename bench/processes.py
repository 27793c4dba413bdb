"""Processes that are measured: started, asked for their CPU time and memory, ended."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

TICKS = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).parent.parent


def start(
    arguments: Sequence[str], *, env: Mapping[str, str] = {}, cwd: Path = ROOT
) -> subprocess.Popen[str]:
    """A Python process of this environment whose standard output can be read."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def stop(process: subprocess.Popen[str]) -> None:
    """End a process that :func:`start` started."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time that those processes have used; one that is gone counts nothing."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            # The name of the program, in parentheses, may hold spaces.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICKS


def memory_mb(pid: int) -> float:
    """The memory a process holds now, in MB of 10^6 bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def answers(url: str, within: float = 30) -> float:
    """The moment (``time.perf_counter``) of the first 200 from ``url``; ``TimeoutError``."""
    deadline = time.perf_counter() + within
    while time.perf_counter() < deadline:
        with suppress(OSError), urlopen(url, timeout=2) as answer:
            if answer.status == 200:
                return time.perf_counter()
        time.sleep(0.005)
    raise TimeoutError(f"{url} did not answer within {within:g} s")

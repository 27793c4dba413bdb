"""Both servers on one database, asked the same in turns."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from subprocess import Popen

from .. import databases, processes
from ..figures import Figure
from .work import LANES, OPERATIONS, Operation, Side
from .world import World

WARM = LANES * 6


@dataclass
class Server:
    """One server as it runs, with what was measured of it: by operation, a value for each round."""

    side: Side
    url: str
    process: Popen[str]
    port: int
    wall: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @property
    def name(self) -> str:
        return self.side.name

    def burst(self, client: Popen[str], operation: Operation, count: int) -> tuple[float, float]:
        """Milliseconds a request by the clock, and of CPU in server and database."""
        lanes = self.side.lanes(operation, count)
        pids = self._pids()
        before = processes.cpu_seconds(pids)
        told = ask(client, self.port, lanes)
        used = processes.cpu_seconds(pids) - before
        if told["refused"]:
            raise RuntimeError(f"{self.name} refused {operation.id}:\n{told['refused']}")
        requests = float(str(told["requests"]))
        return float(str(told["seconds"])) * 1000 / requests, used * 1000 / requests

    def _pids(self) -> list[int]:
        others = [] if self.url.startswith("sqlite") else databases.backends(self.url, application(self.name))
        return [self.process.pid, *others]


def ask(client: Popen[str], port: int, lanes: list[list[str]]) -> dict[str, object]:
    assert client.stdin is not None
    assert client.stdout is not None
    print(json.dumps({"port": port, "lanes": lanes}), file=client.stdin, flush=True)
    told: dict[str, object] = json.loads(client.stdout.readline())
    return told


def application(name: str) -> str:
    return f"bench-{name}-{os.getpid()}"


@contextmanager
def served(name: str, world: World, url: str, folder: Path) -> Iterator[Server]:
    """A server of that name, until the block ends."""
    people = json.loads((folder / "people.json").read_text(encoding="utf-8"))
    process = processes.start(
        ["-m", "bench.kernel.serve", name, url, str(folder)], env={"PGAPPNAME": application(name)}
    )
    try:
        assert process.stdout is not None
        yield Server(Side(name, world, people), url, process, int(process.stdout.readline()))
    finally:
        processes.stop(process)


def measure(world: World, dialect: str, url: str, folder: Path, rounds: int) -> list[Figure]:
    """Every operation, in rounds: raw, tenon, raw, tenon."""
    with ExitStack() as stack:
        client = processes.start(["-m", "bench.client"])
        stack.callback(processes.stop, client)
        servers = [stack.enter_context(served(name, world, url, folder)) for name in ("raw", "tenon")]
        for number in range(rounds + 1):
            for operation in OPERATIONS:
                for server in servers:
                    wall, cpu = server.burst(client, operation, operation.count if number else WARM)
                    if number:
                        server.wall[operation.id].append(wall)
                        server.cpu[operation.id].append(cpu)
        raw, tenon = servers
        figures = [f for operation in OPERATIONS for f in compared(operation, dialect, raw, tenon)]
        memory = processes.memory_mb(tenon.process.pid)
    return [*figures, Figure(f"kernel.memory_loaded.{dialect}", memory, "MB", target=120)]


def compared(operation: Operation, dialect: str, raw: Server, tenon: Server) -> list[Figure]:
    """The figures of one operation: by the clock, and by CPU, which other work here sways less."""
    id_ = f"kernel.{operation.id}.{dialect}.{'admin' if operation.id == 'sum_all' else 'rep'}"
    wall = tenon.wall[operation.id], raw.wall[operation.id]
    cpu = tenon.cpu[operation.id], raw.cpu[operation.id]
    return [
        _figure(id_, "ms", *wall, operation.target),
        _figure(f"{id_}.cpu", "ms CPU", *cpu, operation.target),
    ]


def _figure(id_: str, unit: str, ours: list[float], limit: list[float], target: float) -> Figure:
    """Medians over the rounds; the ratio is that of what was measured side by side."""
    ratio = median(value / most for value, most in zip(ours, limit, strict=True))
    return Figure(id_, median(ours), unit, median(limit), ratio, target)

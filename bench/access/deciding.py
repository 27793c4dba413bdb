"""Policies of 10,000 lines: a snapshot, a decision, many people."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tenon.app import create_tenon

from ..figures import Figure
from .world import settings

LINES = 10_000
ROLES = 500


def figures() -> list[Figure]:
    """CPU of one process; no database is asked."""
    from tenon_permissions.snapshot import Snapshot

    with tempfile.TemporaryDirectory() as folder:
        tenon = create_tenon(settings(f"sqlite:///{folder}/none.db", Path(folder)))
        names = tenon.access.policy.names  # type: ignore[attr-defined]
        document = policy(names)
        built = mean(lambda: Snapshot("bench", document, names), 20)
        snapshot = Snapshot("bench", document, names)
        first = decisions(snapshot, names)
        again = mean(lambda: snapshot.decide(frozenset({"role 7"}), "account", "read"), 10_000)
        decision = snapshot.decide(frozenset({"role 7"}), "account", "read")
        judged = mean(lambda: decision.allows("account", "read", lambda scope, _eft: scope == "own"), 1_000)
        tenon.storage.close()
    return [
        Figure("access.snapshot_10000_lines", built * 1e3, "ms CPU", target=50),
        Figure("access.first_decision_10000_lines", first * 1e6, "µs CPU", target=5_000),
        Figure("access.decision_10000_lines", again * 1e6, "µs CPU", target=100),
        Figure("access.casbin_decision", judged * 1e6, "µs CPU", target=100),
    ]


def policy(names: Any) -> Any:
    from tenon_permissions.document import PolicyDocument, Role
    from tenon_permissions.line import Line

    roles = {f"role {n}": Role(f"role {n}", f"Role {n}") for n in range(ROLES)}
    kinds, actions = list(names.entities), list(names.actions)
    scopes = ("own", "subtree", "granted", "unowned", "team")
    lines = tuple(
        Line(
            f"role {n % ROLES}", "*", kinds[n // ROLES % len(kinds)], actions[n // 7 % len(actions)],
            scopes[n % 5], "all", "allow",
        )
        for n in range(LINES)
    )  # fmt: skip
    return PolicyDocument(roles, {}, lines)


def decisions(snapshot: Any, names: Any) -> float:
    """The first decision of each of 10,000 people, each with three roles that nobody else has together."""
    people = [
        frozenset({f"role {n % ROLES}", f"role {(n // ROLES + n * 3 + 1) % ROLES}"}) for n in range(10_000)
    ]
    turn = iter(people)
    return mean(lambda: snapshot.decide(next(turn), "account", "read"), len(people))


def mean(ask: Callable[[], Any], times: int) -> float:
    """Seconds of CPU."""
    before = time.process_time()
    for _time in range(times):
        ask()
    return (time.process_time() - before) / times

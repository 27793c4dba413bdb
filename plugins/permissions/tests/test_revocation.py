"""What is taken from somebody is gone within a second, in each of four processes."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from plugins.permissions.tests.answering import deployment
from plugins.permissions.tests.sizes import size
from tenon.api import new_id, system
from tenon.identity import NewUser
from tenon_permissions.document import PolicyDocument, Role
from tenon_permissions.grants import Share, grant, revoke
from tenon_permissions.line import Line
from tenon_permissions.models import READ, Grant

ROOT = Path(__file__).parents[3]
PROCESSES = 4
SECONDS = size(8, 60)
"""How long trials are made on each database."""

LINES = (
    "sales * account read own all allow",
    "sales * account read granted all allow",
    "manager * account read subtree all allow",
    "admin * ** * all all allow",
)
FOR_A_WHILE = "helper * account read own all allow"


def document(*lines: str) -> PolicyDocument:
    roles = {key: Role(key, key.title()) for key in ("sales", "manager", "helper", "admin")}
    return PolicyDocument(roles, {}, tuple(Line(*line.split()) for line in lines))


class Revoking:
    """People who have each what is taken from them in one way or another."""

    def __init__(self, tenon: Any) -> None:
        self.tenon = tenon
        self.policy = tenon.access.policy
        self.people: dict[str, UUID] = {}
        self.subjects: dict[str, tuple[str, str]] = {}
        self.activate(*LINES, FOR_A_WHILE)
        with self.writing() as work:
            self.team = work.create("team", {"name": "North"}).id
            self.territory = work.create("territory", {"name": "West"}).id
        for name, role in (
            ("policy", "helper"),
            ("role", "sales"),
            ("user", "sales"),
            ("manager", "manager"),
            ("team", "sales"),
            ("grant", "sales"),
            ("territory", "sales"),
        ):
            self.people[name] = self.person(name, role)
        self.below = self.person("below", "sales")
        owners = {"manager": self.below} | {n: self.people[n] for n in ("policy", "role", "user")}
        for name, id_ in self.people.items():
            _row, key = tenon.identity.create_api_key(id_, name)
            with self.writing() as work:
                account = work.create("account", {"name": name, "owner_id": owners.get(name)}).id
            self.subjects[name] = (key, str(account))
        self.share("team", "team", self.team)
        self.share("territory", "territory", self.territory)

    def writing(self) -> Any:
        return self.tenon.records.writing(system("test"))

    def person(self, name: str, role: str) -> UUID:
        return self.tenon.identity.create_user(NewUser(name, f"{name}@example.com", roles=(role,)))

    def activate(self, *lines: str) -> None:
        self.policy.revisions.add(document(*lines), self.policy.names, system("test"))
        self.policy.changed()

    def share(self, name: str, kind: str, principal: UUID) -> None:
        account = UUID(self.subjects[name][1])
        with self.writing() as work:
            grant(work, [Share("account", account, kind, principal, READ, "hand", new_id())], None)

    def user(self, id_: UUID, **values: Any) -> None:
        with self.writing() as work:
            work.update("user", id_, values)

    def member(self) -> None:
        table = self.policy.names.entities["territory_member"].table
        with self.writing() as work:
            connection = work.connection
            connection.execute(sa.delete(table))
            work.create(
                "territory_member", {"territory_id": self.territory, "user_id": self.people["territory"]}
            )

    def give(self) -> None:
        """Give back what was taken."""
        self.activate(*LINES, FOR_A_WHILE)
        self.tenon.identity.users.set_access(self.people["role"], admin=False, roles=["sales"])
        self.tenon.identity.users.set_active(self.people["user"], True)
        self.user(self.below, manager_id=self.people["manager"])
        self.user(self.people["team"], team_id=self.team)
        self.share("grant", "user", self.people["grant"])
        self.member()

    def ways(self) -> dict[str, Callable[[], Any]]:
        """By subject, what takes the account from them."""
        return {
            "policy": lambda: self.activate(*LINES),
            "role": lambda: self.tenon.identity.users.set_access(self.people["role"], admin=False, roles=[]),
            "user": lambda: self.tenon.identity.users.set_active(self.people["user"], False),
            "manager": lambda: self.user(self.below, manager_id=None),
            "team": lambda: self.user(self.people["team"], team_id=None),
            "grant": self.unshare,
            "territory": self.leave,
        }

    def unshare(self) -> None:
        with self.writing() as work:
            revoke(work, Grant.principal_id == self.people["grant"])

    def leave(self) -> None:
        table = self.policy.names.entities["territory_member"].table
        with self.writing() as work:
            id_ = work.connection.execute(sa.select(table.c.id)).scalar_one()
            work.archive("territory_member", id_)


@pytest.fixture
def processes(tenon, tmp_path):
    """Four processes on the deployment's database, each with a policy of its own."""
    url = tenon.storage.url.render_as_string(hide_password=False)
    found = [
        subprocess.Popen(
            [sys.executable, "-m", "plugins.permissions.tests.answering", url, str(tmp_path)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _number in range(PROCESSES)
    ]
    yield found
    for process in found:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


def told(process: Any) -> Any:
    line = process.stdout.readline()
    assert line, "a process ended"
    return json.loads(line)


@pytest.fixture
def another(tenon, tmp_path):
    """A process that changes things: this one, by the clock on the wall."""
    made = deployment(tenon.storage.url.render_as_string(hide_password=False), tmp_path)
    yield made
    made.storage.close()


@pytest.mark.timeout(size(300, 900))
def test_what_is_taken_is_gone_in_four_processes_within_a_second(another, processes) -> None:
    world = Revoking(another)
    chance = random.Random(7)
    stale: dict[str, list[float]] = defaultdict(list)
    refused: dict[str, list[float]] = defaultdict(list)
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends or not stale:
        world.give()
        # Everybody's memory of before is over a second old, so that all start from what is given now.
        time.sleep(1.1)
        for process in processes:
            process.stdin.write(json.dumps(world.subjects) + "\n")
            process.stdin.flush()
        assert [told(process) for process in processes] == [True] * PROCESSES
        ways = list(world.ways().items())
        chance.shuffle(ways)
        at = {}
        for name, take in ways:
            time.sleep(chance.uniform(0, 0.2))
            take()
            at[name] = time.monotonic()
        answers = [told(process) for process in processes]
        for name, moment in at.items():
            assert all(answer[name][1] for answer in answers), f"{name} was never refused"
            stale[name].append(max(answer[name][0] - moment for answer in answers))
            refused[name].append(max(answer[name][1] - moment for answer in answers))
    for name in stale:
        print(
            f"{name:<10} {len(stale[name])} trials; last given after {max(stale[name]):.3f} s at most, "
            f"{statistics.median(stale[name]):.3f} in the middle; refused by all four after "
            f"{max(refused[name]):.3f} s at most, {statistics.median(refused[name]):.3f} in the middle"
        )
    assert max(max(seconds) for seconds in stale.values()) <= 1.0

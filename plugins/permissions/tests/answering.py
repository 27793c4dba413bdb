"""A process that answers by itself: ``python -m plugins.permissions.tests.answering URL FOLDER``.

It reads a line of JSON (by subject: an API key and the id of an account) and asks for every account with
its key, over and over, as requests do. When nothing was given for a while it answers with a line: by
subject, when the last request began that got the record and when the first one that did not.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from tenon.app import create_tenon
from tenon.errors import TenonError
from tenon.settings import Settings

PAUSE = 0.01
CALM = 0.3
"""Seconds without any record given, after which nothing more is expected."""
LONGEST = 10.0


def deployment(url: str, folder: Path) -> Any:
    plugins = ["b2b_accounts", "permissions"]
    return create_tenon(
        Settings.for_tests(database=url, plugins=plugins, access="policy", var=folder, root=folder)
    )


def given(tenon: Any, key: str, account: str) -> bool:
    """Whether a request with the key gets the account."""
    actor = tenon.identity.actor_for_key(key)
    if actor is None:
        return False
    try:
        with tenon.records.reading(actor) as work:
            work.get("account", UUID(account))
    except TenonError:
        return False
    return True


def watch(tenon: Any, subjects: dict[str, tuple[str, str]]) -> dict[str, tuple[float, float]]:
    """``time.monotonic()`` (the same clock in all processes of a Linux machine) by subject."""
    last = dict.fromkeys(subjects, 0.0)
    first = dict.fromkeys(subjects, 0.0)
    began = time.monotonic()
    while time.monotonic() - began < LONGEST:
        for name, (key, account) in subjects.items():
            asked = time.monotonic()
            if given(tenon, key, account):
                last[name] = asked
                first[name] = 0.0
            else:
                first[name] = first[name] or time.monotonic()
        if all(first.values()) and time.monotonic() - max(first.values()) > CALM:
            break
        time.sleep(PAUSE)
    return {name: (last[name], first[name]) for name in subjects}


def main() -> None:
    tenon = deployment(sys.argv[1], Path(sys.argv[2]))
    for line in sys.stdin:
        subjects = json.loads(line)
        ready = all(given(tenon, *subject) for subject in subjects.values())
        print(json.dumps(ready), flush=True)
        print(json.dumps(watch(tenon, subjects)), flush=True)
    tenon.storage.close()


if __name__ == "__main__":
    main()

"""A process that records entries and ends: ``python -m tests.access.logging_process URL HOW``."""

from __future__ import annotations

import os
import signal
import sys
import time

from tenon.access.log import AccessLog
from tenon.app import Tenon, create_tenon
from tenon.settings import Settings


def main(url: str, how: str) -> None:
    tenon = create_tenon(Settings.for_tests(database=url))
    log = tenon.access_log
    log.record("other", action="early")
    if how == "killed":
        killed(log)
    elif how == "forked":
        forked(tenon)
    else:
        log.record("other", action="late")
        raise SystemExit(0) if how == "ends" else RuntimeError("a crash in Python")


def killed(log: AccessLog) -> None:
    """Die as in a power cut, a second after one entry and at once after another."""
    time.sleep(2.0)
    log.record("other", action="late")
    os.kill(os.getpid(), signal.SIGKILL)


def forked(tenon: Tenon) -> None:
    """As servers do that load the app once and fork workers."""
    children = []
    for number in range(3):
        child = os.fork()
        if child == 0:
            tenon.storage.engine.dispose(close=False)
            tenon.access_log.record("other", action=f"child {number}")
            time.sleep(2.0)
            # without what Python does at exit, so that only the child's own thread can have written
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])

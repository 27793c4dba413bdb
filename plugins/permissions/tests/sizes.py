"""How much the proofs try: a little in every run, all of it in `make test-access`."""

from __future__ import annotations

import os

FULL = os.environ.get("TENON_TEST_ACCESS") == "full"


def size(small: int, full: int) -> int:
    return full if FULL else small

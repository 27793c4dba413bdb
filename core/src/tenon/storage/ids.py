"""UUIDv7 (RFC 9562, section 5.7): ids that sort by the time they were made."""

from __future__ import annotations

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = 0


def new_id() -> UUID:
    """A UUIDv7 greater than every one this process made before.

    48 bits of Unix milliseconds, then 12 bits that count on within a
    millisecond (RFC 9562, section 6.2, method 3), then 62 random bits.
    """
    global _last
    now = time.time_ns()
    stamp = ((now // 1_000_000) << 12) | ((now % 1_000_000) * 4096 // 1_000_000)
    with _lock:
        stamp = _last = max(stamp, _last + 1)
    random = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF
    value = ((stamp >> 12) << 80) | (0x7 << 76) | ((stamp & 0xFFF) << 64) | (0x2 << 62) | random
    return UUID(int=value)

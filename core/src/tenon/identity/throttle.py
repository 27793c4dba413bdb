"""How often one may try to sign in within a minute, counted for all processes together.

Rows of a small table, one for each address or account and minute; those of past minutes go
when a new one begins. What an address may is refused in the process's own memory first, so
that a flood writes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from ..clock import Clock
from ..storage.engine import Storage
from .models import SignInTally

MINUTE = 60
KNOWN = 10_000


class Throttle:
    """Lets each key through ``per_minute`` times a minute."""

    def __init__(self, storage: Storage, clock: Clock, per_minute: int) -> None:
        self._storage = storage
        self._clock = clock
        self._per_minute = per_minute
        self._full: set[tuple[str, int]] = set()

    def admits(self, address: str | None, account: str | None = None) -> bool:
        """Count a try from this address, for this account; whether it may go on."""
        minute = int(self._clock.now().timestamp()) // MINUTE
        keys = [_key("address", network_of(address or ""))]
        if account is not None:
            keys.append(_key("account", account.strip().lower()))
        if any((key, minute) in self._full for key in keys):
            return False
        with self._storage.writing() as connection:
            full = [key for key in keys if self._count(connection, key, minute) > self._per_minute]
        self._remember(full, minute)
        return not full

    def note(self, connection: Connection) -> None:
        """Count a try at an account that does not exist, so that it costs a write as any other."""
        self._count(connection, _key("account", ""), int(self._clock.now().timestamp()) // MINUTE)

    def _count(self, connection: Connection, key: str, minute: int) -> int:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        counted = (
            insert(SignInTally)
            .values(key=key, minute=minute, tries=1)
            .on_conflict_do_update(
                index_elements=[SignInTally.key, SignInTally.minute],
                set_={"tries": SignInTally.tries + 1},
            )
            .returning(SignInTally.tries)
        )
        tries = int(connection.execute(counted).scalar_one())
        if tries == 1:
            connection.execute(sa.delete(SignInTally).where(SignInTally.minute < minute - 1))
        return tries

    def _remember(self, keys: Iterable[str], minute: int) -> None:
        if len(self._full) > KNOWN:
            self._full = {(key, then) for key, then in self._full if then == minute}
        self._full.update((key, minute) for key in keys)


def network_of(address: str) -> str:
    """Whom an address belongs to: an IPv6 network of 64 bits is one customer's, an IPv4 address one."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Address(int(found) >> 64 << 64))


def _key(kind: str, name: str) -> str:
    return hashlib.sha256(f"{kind}:{name}".encode()).hexdigest()

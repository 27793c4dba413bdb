"""Passwords: which are accepted, how they are kept, how they are compared.

Argon2id with 19 MiB, two passes, one lane: the OWASP Password Storage Cheat
Sheet's second configuration. A comparison costs the same whether there is
anything to compare with, and only so many run at once.
"""

from __future__ import annotations

import base64
import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..errors import InvalidError, Problem, UnavailableError
from ..messages import _

MEMORY_KIB = 19 * 1024
PASSES = 2
LONGEST = 1024


class Passwords:
    """Hashes and compares passwords, ``at_once`` of them at a time.

    Whoever waits longer than ``patience`` seconds for a turn gets ``UnavailableError``.
    """

    def __init__(self, *, shortest: int = 10, at_once: int = 4, patience: float = 10.0) -> None:
        self.shortest = shortest
        self._turns = BoundedSemaphore(at_once)
        self._patience = patience
        self._argon2 = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)
        self._nobody = _hash_of_nothing()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one of the places in which passwords are hashed."""
        if not self._turns.acquire(timeout=self._patience):
            raise UnavailableError(
                _("Too many people sign in at this moment"), hint=_("Try again in a few seconds.")
            )
        try:
            yield
        finally:
            self._turns.release()

    def hash(self, password: str) -> str:
        """What is kept of ``password``. Call within :meth:`turn`."""
        return self._argon2.hash(_normal(password))

    def matches(self, kept: str | None, password: str) -> bool:
        """Whether ``kept`` was made of ``password``. Call within :meth:`turn`.

        ``None`` (no such account) takes as long as a real comparison and is
        never equal, so that the time tells nobody which accounts exist.
        """
        try:
            return self._argon2.verify(kept or self._nobody, _normal(password)[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, kept: str) -> bool:
        """Whether ``kept`` was made with other parameters than today's."""
        return self._argon2.check_needs_rehash(kept)

    def require_good(self, password: str, *, email: str | None = None) -> None:
        """``InvalidError`` unless ``password`` may be used."""
        fault = self._fault(_normal(password), email)
        if fault is not None:
            raise InvalidError(problems=[Problem("/password", "password", fault)])

    def _fault(self, password: str, email: str | None) -> str | None:
        if len(password) < self.shortest:
            return _(
                "A password has %(count)d characters or more; several words in a row are good",
                count=self.shortest,
            )
        if len(password) > LONGEST:
            return _("A password has %(count)d characters at most", count=LONGEST)
        if email is not None and password.casefold() == email.casefold():
            return _("The e-mail address cannot be the password")
        return None


def _normal(password: str) -> str:
    """One spelling of what is typed alike on different keyboards (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def _hash_of_nothing() -> str:
    """A well-formed hash that no password has."""
    salt, digest = (base64.b64encode(os.urandom(size)).decode().rstrip("=") for size in (16, 32))
    return f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1${salt}${digest}"

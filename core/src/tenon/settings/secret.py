"""The key that signs sessions: given, or made once and kept in a file."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import SettingsError


@dataclass(frozen=True)
class SecretKey:
    """A key from the settings, or the one in ``path``, which is made when absent.

    Neither ``repr`` nor any message shows the key itself.
    """

    given: str | None = field(repr=False)
    path: Path = field(repr=False)

    def reveal(self) -> str:
        """The key. Writes ``path`` with mode 600 on first use, when none was given.

        Raises :class:`~tenon.errors.SettingsError` when it can be neither read
        nor written.
        """
        if self.given is not None:
            return self.given
        try:
            return self._kept() or self._made()
        except OSError as error:
            raise SettingsError(
                f"The secret key in {self.path} cannot be read or written: {error.strerror or error}",
                hint="Make the folder writable, or set secret_key in the settings or $TENON_SECRET_KEY.",
            ) from error

    def _kept(self) -> str | None:
        try:
            return self.path.read_text(encoding="ascii").strip() or None
        except FileNotFoundError:
            return None

    def _made(self) -> str:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}-{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            # A hard link appears whole or not at all, so two processes that start
            # together end up with one key.
            os.link(fresh, self.path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        return self.path.read_text(encoding="ascii").strip()

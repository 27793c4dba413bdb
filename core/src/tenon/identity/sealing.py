"""Keeps secrets in the database such that the database alone does not give them away."""

from __future__ import annotations

import base64
from functools import cached_property

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ..errors import ConfigError
from ..messages import _


class Seal:
    """Encrypts and authenticates with a key of its own (Fernet; RFC 5869) made of the deployment's.

    ``purpose`` keeps what is sealed for one thing from being opened as another.
    """

    def __init__(self, secret_key: str | None, purpose: str) -> None:
        self._secret_key = secret_key
        self._purpose = purpose

    def close(self, secret: str) -> str:
        """``secret`` as it may be kept."""
        return self._fernet.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """What was sealed; ``ConfigError`` where the deployment's key is another by now."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise ConfigError(
                _("The secret key of this deployment is not the one that second steps were kept with"),
                hint=_(
                    "Put the former secret_key back ($TENON_SECRET_KEY or var/secret). If it is lost, people "
                    "sign in with a recovery code, or an administrator runs: tenon totp reset EMAIL"
                ),
            ) from None

    @cached_property
    def _fernet(self) -> Fernet:
        if self._secret_key is None:
            raise ConfigError(
                _("There is no secret key to keep second steps with"),
                hint=_("Set secret_key in the settings, or $TENON_SECRET_KEY."),
            )
        derived = HKDF(SHA256(), length=32, salt=None, info=f"tenon {self._purpose}".encode())
        return Fernet(base64.urlsafe_b64encode(derived.derive(self._secret_key.encode())))

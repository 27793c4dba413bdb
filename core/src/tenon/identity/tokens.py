"""Secrets that stand for a sign-in or an API key. Only their hashes are kept."""

from __future__ import annotations

import hashlib
import re
import secrets
import string

LETTERS = string.ascii_letters + string.digits
KEY_FORM = re.compile(r"tnn_([a-z0-9]{8})_[A-Za-z0-9]{40}")


def new_session_token() -> str:
    """256 random bits, fit for a cookie."""
    return secrets.token_urlsafe(32)


def new_api_key() -> tuple[str, str]:
    """An API key's prefix, which may be shown, and the whole key: ``tnn_<prefix>_<secret>``."""
    prefix = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(8))
    secret = "".join(secrets.choice(LETTERS) for _ in range(40))
    return prefix, f"tnn_{prefix}_{secret}"


def new_password() -> str:
    """A password for a first sign-in, easy to read out: ``k7mw-2xqf-9rtd-hv4c``."""
    letters = "abcdefghjkmnpqrstvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def is_api_key(text: str) -> bool:
    """Whether ``text`` has an API key's form, so that nonsense costs no query."""
    return KEY_FORM.fullmatch(text) is not None


def hashed(secret: str) -> str:
    """What is kept of a token or key. Its bits are random, so one SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()

"""What the access log tells of, and how people call it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from ..messages import Message, _

Kind = Literal[
    "denied",
    "hidden",
    "system",
    "signed_in",
    "sign_in_failed",
    "signed_out",
    "password",
    "totp",
    "key",
    "session",
    "user",
    "policy",
    "exported",
    "limited",
    "other",
    "lost",
]
KINDS: Mapping[str, Message] = {
    "denied": _("Refused"),
    "hidden": _("Asked for a hidden record"),
    "system": _("Done with the system's rights"),
    "signed_in": _("Signed in"),
    "sign_in_failed": _("Sign-in failed"),
    "signed_out": _("Signed out"),
    "password": _("Password changed"),
    "totp": _("Second factor"),
    "key": _("API key"),
    "session": _("Sign-in ended by somebody"),
    "user": _("User changed"),
    "policy": _("Policy changed"),
    "exported": _("Exported"),
    "limited": _("Limit reached"),
    "other": _("Other"),
    "lost": _("Left out of this log"),
}
"""Closed: a plugin that has something else to tell records ``other`` and says what in ``action``."""

WEIGHTY = frozenset(KINDS) - {"denied", "hidden", "system", "sign_in_failed", "limited", "other"}
"""Kinds whose every entry matters by itself, so that they are never added up to a number."""

REASONS: Mapping[str, Message] = {
    "policy": _("The policy does not allow it"),
    "key": _("Beyond what the API key may do"),
    "reach": _("It would have put the record out of reach"),
    "admin": _("For administrators only"),
    "sql": _("Bare SQL is for the system alone"),
    "reads": _("More records read in an hour than the limit"),
    "rows": _("More rows exported in a day than the limit"),
    "sign-ins": _("More attempts to sign in from one address than the limit"),
    "unknown": _("Nobody can sign in by that name"),
    "password": _("The password was wrong"),
    "locked": _("The account rests after too many attempts"),
    "code-wrong": _("The code of the second step was wrong"),
    "code-locked": _("The second step rests after too many attempts"),
    "code-off": _("The account has no second step any more"),
}
"""The kernel's own reasons, by the word that is stored; another reason stands as it was given."""

assert set(get_args(Kind)) == set(KINDS)

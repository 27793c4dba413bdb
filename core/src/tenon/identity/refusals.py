"""What people are told when signing in with a provider comes to nothing."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import NotSignedInError
from ..messages import Message, _

HINTS: Mapping[str, Message] = {
    "denied": _("You, or the provider, stopped it. Try again, or ask who administers the provider."),
    "state": _("It took too long, or it was begun in another browser. Begin anew from this page."),
    "unreachable": _("The provider does not answer as it should. Try again in a few minutes."),
    "issuer": _("The provider calls itself otherwise than the settings do. Ask an administrator."),
    "unverified": _("The provider has not verified your e-mail address. Have it verified there first."),
    "domain": _("Addresses of your domain may not sign in here."),
    "unknown": _("There is no account with your e-mail address here. Ask an administrator to make one."),
    "disabled": _("Your account here may not sign in. Ask an administrator."),
    "linked": _("Your account here belongs to another one at the provider. Ask an administrator."),
}
OTHERWISE = _(
    "What the provider answered could not be believed. Begin anew; if that fails, ask an administrator."
)


class RefusedByProvider(NotSignedInError):
    """A sign-in with a provider that came to nothing. ``reason`` is a word for the log."""

    def __init__(self, reason: str, label: str) -> None:
        super().__init__(
            _("Signing in with %(provider)s did not work", provider=label), hint=HINTS.get(reason, OTHERWISE)
        )
        self.reason = reason

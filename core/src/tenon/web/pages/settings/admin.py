"""The door of the settings: administrators only."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from ....errors import ForbiddenError
from ....messages import _
from ...context import actor, tenon

P = ParamSpec("P")
R = TypeVar("R")


def admins_only(view: Callable[P, R]) -> Callable[P, R]:
    """Refuse everybody but administrators."""

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        if not actor().admin:
            tenon().access.watch.denied(actor(), "settings", None, "admin")
            raise ForbiddenError(
                _("Only administrators may see the settings"),
                hint=_(
                    "Ask an administrator to make the change, or to make you one: tenon user access --admin."
                ),
            )
        return view(*args, **kwargs)

    return checked

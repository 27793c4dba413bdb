"""Every error a person or a program can meet, in one tree.

::

    TenonError                     code, status, message, hint, problems
    ├── ConfigError                the deployment is wrong: settings, plugins, schema
    │   ├── SettingsError
    │   ├── PluginsError           one report of every plugin problem (plugin/report.py)
    │   └── SchemaError            the database and the code do not fit
    ├── InvalidError        422    values refused; ``problems`` says which and why
    │   └── BadRequestError 400    a query, cursor or body that cannot be understood
    ├── NotFoundError       404    absent, or not visible to this actor
    ├── NotSignedInError    401
    ├── ForbiddenError      403    the actor may not do this at all
    ├── ConflictError       409    it cannot be done in the present state
    │   ├── GuardError      409    a transition refused; ``problems`` lists every reason
    │   └── DuplicateError  409    a unique value is taken
    ├── StaleError          412    somebody changed the record first
    ├── LimitedError        429    more than one person may have in that time
    └── UnavailableError    503    the database is away, busy or full; try again

The message says what was wrong and where, the hint what to do next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .messages import Message, _


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    ``pointer`` is an RFC 6901 JSON pointer into what was sent (``/amount``),
    ``code`` a stable word for programs, ``detail`` a sentence for people.
    """

    pointer: str
    code: str
    detail: str
    extra: Mapping[str, Any] = field(default_factory=dict)


class TenonError(Exception):
    """Something went wrong in Tenon."""

    code = "error"
    status = 500
    title = _("Something went wrong")

    def __init__(
        self,
        message: str | None = None,
        *,
        hint: str | None = None,
        problems: Iterable[Problem] = (),
        **extra: Any,
    ) -> None:
        self.message: str = message if message is not None else self.title
        self.hint = hint
        self.problems = tuple(problems)
        self.extra = extra
        super().__init__(self.message)

    def __str__(self) -> str:
        lines = [str(self.message)]
        lines += [f"  {p.pointer}: {p.detail}" if p.pointer else f"  {p.detail}" for p in self.problems]
        if self.hint:
            lines.append(str(self.hint))
        return "\n".join(lines)


class ConfigError(TenonError):
    """The deployment cannot start as it is configured."""

    code = "config"
    title = _("The deployment cannot start as it is configured")


class SettingsError(ConfigError):
    code = "settings"
    title = _("The settings file is not valid")


class SchemaError(ConfigError):
    code = "schema"
    status = 503
    title = _("The database schema does not fit this version")


class InvalidError(TenonError):
    code = "invalid"
    status = 422
    title = _("Some values were not accepted")


class BadRequestError(InvalidError):
    code = "bad-request"
    status = 400
    title = _("The request could not be understood")


class NotFoundError(TenonError):
    code = "not-found"
    status = 404
    title = _("Not found")


class NotSignedInError(TenonError):
    code = "not-signed-in"
    status = 401
    title = _("Sign in first")


class ForbiddenError(TenonError):
    code = "forbidden"
    status = 403
    title = _("You may not do this")


class ConflictError(TenonError):
    code = "conflict"
    status = 409
    title = _("This cannot be done now")


class GuardError(ConflictError):
    code = "guarded"
    title = _("The move is not allowed yet")


class DuplicateError(ConflictError):
    code = "duplicate"
    title = _("This value is already taken")


class StaleError(TenonError):
    code = "stale"
    status = 412
    title = _("Somebody changed this record first")


class LimitedError(TenonError):
    """``retry_after`` in ``extra`` is when to come back, in seconds."""

    code = "limited"
    status = 429
    title = _("This is more than you may have in that time")


class UnavailableError(TenonError):
    code = "unavailable"
    status = 503
    title = _("The database cannot be reached right now")


__all__ = [
    "BadRequestError",
    "ConfigError",
    "ConflictError",
    "DuplicateError",
    "ForbiddenError",
    "GuardError",
    "InvalidError",
    "LimitedError",
    "Message",
    "NotFoundError",
    "NotSignedInError",
    "Problem",
    "SchemaError",
    "SettingsError",
    "StaleError",
    "TenonError",
    "UnavailableError",
]

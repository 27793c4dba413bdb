"""Users as those who administer them see them: made, listed, disabled, given a password."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..clock import Clock
from ..errors import DuplicateError, InvalidError, NotFoundError, Problem
from ..messages import _
from ..storage.engine import Storage
from ..storage.ids import new_id
from .actor import Actor, system
from .actors import ACTOR_COLUMNS, actor_of, may_act
from .models import Credential, Session, User
from .org import Org
from .passwords import Passwords
from .tokens import hashed

TABLE: sa.Table = User.__table__  # type: ignore[assignment]
# A user made by way of records has neither.
EMPTY: Mapping[str, Any] = {"roles": [], "admin": False, "active": False}
NOBODY_SAID = system("users were written without saying by whom")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+|[^@\s]+@localhost")


@dataclass(frozen=True)
class UserSummary:
    """A user in a list. ``signs_in`` says whether there is a password."""

    id: UUID
    name: str
    email: str | None
    active: bool
    admin: bool
    roles: tuple[str, ...]
    signs_in: bool


@dataclass(frozen=True)
class NewUser:
    """What is known of a user to be made."""

    name: str
    email: str | None = None
    title: str | None = None
    team_id: UUID | None = None
    manager_id: UUID | None = None
    locale: str | None = None
    timezone: str | None = None
    admin: bool = False
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class UserWrite:
    """What is written of a user here and not by way of records, while its transaction is open.

    ``before`` is the user as they were, ``None`` for one who is made; ``values`` are the columns
    that change. A password is not among them: ``action`` alone says that it is another one.
    """

    connection: Connection
    actor: Actor
    via: str
    at: datetime
    action: Literal["create", "update", "password"]
    before: Mapping[str, Any] | None
    values: Mapping[str, Any]


class Users:
    """The users of a deployment.

    ``told`` hear of every write, within its transaction; ``forgetting`` are called after what
    somebody may do was changed. ``actor`` says who writes and ``via`` by which path.
    """

    def __init__(self, storage: Storage, clock: Clock, passwords: Passwords, org: Org) -> None:
        self._storage = storage
        self._clock = clock
        self._passwords = passwords
        self._org = org
        self.told: list[Callable[[UserWrite], None]] = []
        self.forgetting: list[Callable[[], None]] = []

    def create(
        self, user: NewUser, password: str | None = None, *, actor: Actor = NOBODY_SAID, via: str = "python"
    ) -> UUID:
        """Make a user, with a password where one is given.

        ``InvalidError`` for a bad name, address or password, ``DuplicateError``
        where the address belongs to somebody else.
        """
        _require_valid(user, password)
        kept = self._kept(password, user.email) if password is not None else None
        try:
            with self._storage.writing() as connection:
                return self._make(connection, user, kept, actor, via)
        except sa.exc.IntegrityError as error:
            raise _taken_or(error, user.email) from error

    def create_in(
        self,
        connection: Connection,
        user: NewUser,
        password: str | None = None,
        *,
        actor: Actor = NOBODY_SAID,
        via: str = "python",
    ) -> UUID:
        """Make a user as :meth:`create` does, in a transaction that the caller has open."""
        _require_valid(user, password)
        kept = self._kept(password, user.email) if password is not None else None
        return self._make(connection, user, kept, actor, via)

    def set_password(
        self,
        user_id: UUID,
        password: str,
        *,
        keep_session: str | None = None,
        actor: Actor = NOBODY_SAID,
        via: str = "python",
    ) -> None:
        """Give a user a password and end their sign-ins, but for the one with token ``keep_session``."""
        kept = self._kept(password, self.get(user_id).email)
        with self._storage.writing() as connection:
            self._keep_password(connection, user_id, kept)
            end_sessions(connection, user_id, self._clock, keep=keep_session)
            self._update(connection, user_id, {}, actor, via, "password")
        self._forget()

    def set_active(
        self, user_id: UUID, active: bool, *, actor: Actor = NOBODY_SAID, via: str = "python"
    ) -> None:
        """Let a user in, or keep them out and end their sign-ins. Their records and place stay."""
        with self._storage.writing() as connection:
            self._update(connection, user_id, {"active": active}, actor, via)
            if not active:
                end_sessions(connection, user_id, self._clock)
        self._forget()

    def set_access(
        self,
        user_id: UUID,
        *,
        admin: bool | None = None,
        roles: Iterable[str] | None = None,
        actor: Actor = NOBODY_SAID,
        via: str = "python",
    ) -> None:
        """Change what a user may do; what is ``None`` stays.

        It holds at once in this process, and in every other within a second.
        """
        values: dict[str, Any] = {} if admin is None else {"admin": admin}
        if roles is not None:
            values["roles"] = sorted(set(roles))
        with self._storage.writing() as connection:
            self._update(connection, user_id, values, actor, via)
        self._forget()

    def get(self, user_id: UUID) -> UserSummary:
        """The user with that id, or ``NotFoundError``."""
        return self._one(User.id == user_id, str(user_id))

    def actor(self, user_id: UUID) -> Actor | None:
        """The Actor that a user would be; ``None`` where they are unknown or disabled."""
        query = sa.select(*ACTOR_COLUMNS).where(User.id == user_id, may_act())
        with self._storage.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else actor_of(row)

    def actors(self, connection: Connection) -> list[Actor]:
        """The Actor that each user who may sign in would be."""
        return [actor_of(row) for row in connection.execute(sa.select(*ACTOR_COLUMNS).where(may_act()))]

    def find(self, email: str) -> UserSummary:
        """The user with that address, or ``NotFoundError``."""
        return self._one(User.email == email.strip().lower(), email)

    def all(self) -> list[UserSummary]:
        """Every user who is not archived, by name."""
        with self._storage.reading() as connection:
            rows = connection.execute(_summaries().where(User.archived_at.is_(None)).order_by(User.name))
            return [_summary(row) for row in rows]

    def has_admin(self) -> bool:
        """Whether somebody can sign in who may do everything."""
        query = sa.select(User.id).join(Credential, Credential.user_id == User.id)
        with self._storage.reading() as connection:
            return (
                connection.execute(query.where(User.admin.is_(True), User.active.is_(True)).limit(1)).first()
                is not None
            )

    def _kept(self, password: str, email: str | None) -> str:
        self._passwords.require_good(password, email=email)
        with self._passwords.turn():
            return self._passwords.hash(password)

    def _make(self, connection: Connection, user: NewUser, kept: str | None, actor: Actor, via: str) -> UUID:
        row = self._insert(connection, user, actor)
        user_id: UUID = row["id"]
        if user.manager_id is None and user.team_id is None:
            self._org.add(connection, [user_id])
        else:
            self._org.refresh(connection, [user_id])
        if kept is not None:
            self._keep_password(connection, user_id, kept)
        self._tell(UserWrite(connection, actor, via, row["created_at"], "create", None, row))
        return user_id

    def _insert(self, connection: Connection, user: NewUser, actor: Actor) -> dict[str, Any]:
        user_id, now = new_id(), self._clock.now()
        values = vars(user) | {
            "name": user.name.strip(),
            "email": user.email.strip().lower() if user.email else None,
            "roles": sorted(set(user.roles)),
        }
        row = {
            "id": user_id,
            "version": 1,
            "created_at": now,
            "updated_at": now,
            "created_by": actor.id,
            "active": True,
            "custom": {},
            **values,
        }
        connection.execute(sa.insert(User).values(**row))
        return row

    def _update(
        self,
        connection: Connection,
        user_id: UUID,
        values: Mapping[str, Any],
        actor: Actor,
        via: str,
        action: Literal["update", "password"] = "update",
    ) -> None:
        """Write what is another value than before; a new password is news in any case."""
        locked = sa.select(TABLE).where(TABLE.c.id == user_id).with_for_update(key_share=True)
        row = connection.execute(locked).first()
        if row is None:
            raise _unknown(str(user_id))
        before = dict(row._mapping)
        changed = {name: value for name, value in values.items() if (before[name] or EMPTY[name]) != value}
        if not changed and action == "update":
            return
        now = self._clock.now()
        changed |= {"version": before["version"] + 1, "updated_at": now}
        connection.execute(sa.update(TABLE).where(TABLE.c.id == user_id).values(changed))
        self._tell(UserWrite(connection, actor, via, now, action, before, changed))

    def _tell(self, write: UserWrite) -> None:
        for listener in self.told:
            listener(write)

    def _forget(self) -> None:
        for forget in self.forgetting:
            forget()

    def _keep_password(self, connection: Connection, user_id: UUID, kept: str) -> None:
        values = {"password_hash": kept, "changed_at": self._clock.now(), "failed": 0, "locked_until": None}
        done = connection.execute(sa.update(Credential).where(Credential.user_id == user_id).values(**values))
        if not done.rowcount:
            connection.execute(sa.insert(Credential).values(user_id=user_id, **values))

    def _one(self, condition: sa.ColumnElement[bool], asked: str) -> UserSummary:
        with self._storage.reading() as connection:
            row = connection.execute(_summaries().where(condition)).first()
        if row is None:
            raise _unknown(asked)
        return _summary(row)


def end_sessions(connection: Connection, user_id: UUID, clock: Clock, *, keep: str | None = None) -> None:
    """Revoke a user's sign-ins, but for the one with token ``keep``."""
    ended = sa.update(Session).where(Session.user_id == user_id, Session.revoked_at.is_(None))
    if keep is not None:
        ended = ended.where(Session.token_hash != hashed(keep))
    connection.execute(ended.values(revoked_at=clock.now()))


def _summaries() -> sa.Select[Any]:
    has_password = sa.exists().where(Credential.user_id == User.id)
    return sa.select(
        User.id, User.name, User.email, User.active, User.admin, User.roles, has_password.label("signs_in")
    )


def _summary(row: sa.Row[Any]) -> UserSummary:
    return UserSummary(
        id=row.id,
        name=row.name,
        email=row.email,
        active=row.active,
        admin=bool(row.admin),
        roles=tuple(row.roles or ()),
        signs_in=bool(row.signs_in),
    )


def _require_valid(user: NewUser, password: str | None) -> None:
    problems = []
    if not user.name.strip():
        problems.append(Problem("/name", "required", _("A user needs a name")))
    if user.email is not None and not EMAIL.fullmatch(user.email.strip()):
        problems.append(
            Problem("/email", "email", _("This is not an e-mail address: %(text)s", text=user.email))
        )
    if user.email is None and password is not None:
        problems.append(Problem("/email", "required", _("Who signs in needs an e-mail address")))
    if problems:
        raise InvalidError(problems=problems)


def _taken_or(error: sa.exc.IntegrityError, email: str | None) -> Exception:
    if "email" not in str(error.orig):
        return InvalidError(_("The team or the manager of the new user does not exist"))
    return DuplicateError(
        _("There is a user with the address %(email)s already", email=email or ""),
        problems=[Problem("/email", "unique", _("Somebody has this address already"))],
    )


def _unknown(asked: str) -> NotFoundError:
    return NotFoundError(
        _("There is no user %(asked)s", asked=asked), hint=_("See who there is: tenon user list")
    )

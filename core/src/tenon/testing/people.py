"""Users of a test's deployment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask.testing import FlaskClient

from ..identity import NewUser
from ..identity.actor import Actor

if TYPE_CHECKING:
    from ..app import Tenon

PASSWORD = "a password for tests"


def make_actor(
    tenon: Tenon,
    roles: Iterable[str] = (),
    *,
    name: str | None = None,
    email: str | None = None,
    password: str | None = None,
    **details: Any,
) -> Actor:
    """Make a user with ``roles`` and return the Actor they are.

    ``details`` are those of a ``NewUser``: ``admin``, ``team_id``, ``manager_id``, ``locale``, …
    Who gets no password cannot sign in, which spares the time of hashing one.
    """
    count = len(tenon.identity.users.all()) + 1
    word = "-".join(roles) or ("admin" if details.get("admin") else "user")
    new = NewUser(
        name or f"{word} {count}", email or f"{word}{count}@example.com", roles=tuple(roles), **details
    )
    found = tenon.identity.actor_for_user(tenon.identity.create_user(new, password))
    assert found is not None
    return found


def sign_in(tenon: Tenon, client: FlaskClient, email: str, password: str = PASSWORD) -> None:
    """Sign a user in, as the sign-in page does, in the browser that ``client`` is."""
    from ..web.session import TOKEN

    token = tenon.identity.sign_in(email, password)
    with client.session_transaction() as session:
        session[TOKEN] = token.secret

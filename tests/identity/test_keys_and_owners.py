"""A key is its owner's: no more than they may, no longer than they may come in."""

from __future__ import annotations

from uuid import UUID

import pytest

from tenon.clock import ManualClock
from tenon.errors import NotFoundError
from tenon.identity import Identity, NewUser
from tenon.identity.events import IdentityEvent


@pytest.fixture
def ana(identity: Identity) -> UUID:
    return identity.create_user(NewUser("Ana", "ana@example.com", admin=True, roles=("boss",)))


def test_a_key_is_no_more_than_its_owner_is_now(
    identity: Identity, another_process: Identity, clock: ManualClock, ana: UUID
) -> None:
    _key, secret = identity.create_api_key(ana, "erp")
    before = another_process.actor_for_key(secret)
    identity.users.set_access(ana, admin=False, roles=["rep"])
    clock.advance(seconds=1)
    after = another_process.actor_for_key(secret)
    assert before is not None
    assert after is not None
    assert (before.admin, before.roles) == (True, {"boss"})
    assert (after.admin, after.roles) == (False, {"rep"})


def test_a_key_ends_with_its_owners_being_disabled_and_nobody_ends_it_for_another(
    identity: Identity, clock: ManualClock, ana: UUID
) -> None:
    bob = identity.create_user(NewUser("Bob", "bob@example.com"))
    key, secret = identity.create_api_key(ana, "erp")
    with pytest.raises(NotFoundError) as hers:
        identity.keys.revoke(key.prefix, owner=bob)
    with pytest.raises(NotFoundError) as absent:
        identity.keys.revoke("abcdefgh", owner=bob)
    assert str(hers.value).replace(key.prefix, "abcdefgh") == str(absent.value)
    assert identity.actor_for_key(secret) is not None
    identity.users.set_active(ana, False)
    clock.advance(seconds=1)
    assert identity.actor_for_key(secret) is None


def test_making_and_revoking_is_told_without_the_key(identity: Identity, ana: UUID) -> None:
    told: list[IdentityEvent] = []
    identity.told.append(told.append)
    key, secret = identity.create_api_key(ana, "erp", scopes=["*:read"])
    identity.keys.revoke(key.prefix)
    identity.keys.revoke(key.prefix)
    assert [(event.kind, event.detail["what"], event.detail["key"]) for event in told] == [
        ("key", "created", f"tnn_{key.prefix}"),
        ("key", "revoked", f"tnn_{key.prefix}"),
    ]
    assert secret not in repr(told)

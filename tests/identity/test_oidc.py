"""Signing in with a provider: what of its answers is believed, and who somebody there is here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from tenon.clock import ManualClock
from tenon.errors import NotFoundError, SettingsError
from tenon.identity import Identity, NewUser
from tenon.identity.events import IdentityEvent
from tenon.identity.external import Arrival
from tenon.identity.refusals import RefusedByProvider
from tenon.identity.sessions import SessionToken
from tenon.identity.signing_in import SecondStepNeeded
from tenon.settings import OidcProvider
from tenon.storage import Storage
from tests.identity.conftest import OPTIONS
from tests.identity.provider import CLIENT, SECRET, Forger

BACK = "https://crm.example.com/sign-in/with/corp/back"
SignIn = Callable[..., SessionToken]
Deploy = Callable[..., Identity]


@pytest.fixture
def deploy(storage: Storage, clock: ManualClock, forger: Forger) -> Deploy:
    """A deployment where one may sign in with the forger: ``deploy(create_users=True)``."""

    def deployed(**settings: Any) -> Identity:
        corp = OidcProvider("corp", forger.issuer, CLIENT, SECRET, label="Corp", **settings)
        return Identity(storage, clock, replace(OPTIONS, oidc={"corp": corp}))

    return deployed


@pytest.fixture
def corp(deploy: Deploy) -> Identity:
    return deploy()


@pytest.fixture
def ana(corp: Identity) -> UUID:
    return corp.create_user(NewUser("Ana", "ana@example.com"))


def come_back(corp: Identity, forger: Forger, **params: str) -> SessionToken:
    """There and back as a browser does it; ``params`` change what comes back."""
    departure = corp.external.begin("corp", BACK)
    answered = {**forger.visited(departure.url), **params}
    return corp.external.finish("corp", Arrival(answered, departure.state, BACK))


def refused(corp: Identity, forger: Forger, **params: str) -> str:
    with pytest.raises(RefusedByProvider) as refusal:
        come_back(corp, forger, **params)
    assert str(refusal.value).startswith("Signing in with Corp did not work")
    return refusal.value.reason


def test_who_the_provider_vouches_for_comes_in(corp: Identity, forger: Forger, ana: UUID) -> None:
    token = come_back(corp, forger)
    actor = corp.actor_for_session(token.secret)
    assert actor is not None
    assert actor.id == ana
    assert [session.method for session in corp.sessions.of(ana)] == ["oidc:corp"]
    assert forger.asked["response_type"] == "code"
    assert forger.asked["scope"] == "openid email profile"
    assert forger.asked["redirect_uri"] == BACK
    assert len(forger.asked["code_challenge"]) == 43


def test_an_answer_counts_once_and_in_the_browser_that_asked(
    corp: Identity, forger: Forger, ana: UUID, clock: ManualClock
) -> None:
    departure = corp.external.begin("corp", BACK)
    answer = forger.visited(departure.url)

    def arrive(state: str, **params: str) -> SessionToken:
        return corp.external.finish("corp", Arrival({**answer, **params}, state, BACK))

    for state in ("", "of another browser"):
        with pytest.raises(RefusedByProvider):
            arrive(state)
    arrive(departure.state)
    with pytest.raises(RefusedByProvider):
        arrive(departure.state)

    late = corp.external.begin("corp", BACK)
    answer = forger.visited(late.url)
    clock.advance(minutes=10)
    with pytest.raises(RefusedByProvider):
        arrive(late.state)


def test_a_code_of_before_gets_nothing(corp: Identity, forger: Forger, ana: UUID) -> None:
    departure = corp.external.begin("corp", BACK)
    used = forger.visited(departure.url)
    corp.external.finish("corp", Arrival(used, departure.state, BACK))
    assert refused(corp, forger, code=used["code"]) == "code"


def test_another_address_to_come_back_to_is_refused_by_the_provider(
    corp: Identity, forger: Forger, ana: UUID
) -> None:
    departure = corp.external.begin("corp", BACK)
    answer = forger.visited(departure.url)
    with pytest.raises(RefusedByProvider, match="could not be believed"):
        corp.external.finish("corp", Arrival(answer, departure.state, "https://evil.example/back"))


def test_an_answer_of_another_issuer_or_a_refusal_is_told(corp: Identity, forger: Forger, ana: UUID) -> None:
    assert refused(corp, forger, iss="https://evil.example") == "issuer"
    assert refused(corp, forger, error="access_denied") == "denied"
    come_back(corp, forger, iss=forger.issuer)


def test_a_provider_that_calls_itself_otherwise_is_not_the_one(corp: Identity, forger: Forger) -> None:
    forger.announced = "https://evil.example"
    with pytest.raises(RefusedByProvider, match="calls itself otherwise"):
        corp.external.begin("corp", BACK)


def test_a_provider_that_is_away_is_told_so(corp: Identity, forger: Forger, ana: UUID) -> None:
    departure = corp.external.begin("corp", BACK)
    answer = forger.visited(departure.url)
    forger.codes = set()
    away = replace(OPTIONS, oidc={"corp": OidcProvider("corp", "http://127.0.0.1:9", CLIENT, SECRET)})
    with pytest.raises(RefusedByProvider, match="does not answer"):
        Identity(corp.users._storage, corp.users._clock, away).external.begin("corp", BACK)
    assert answer


def test_who_has_no_account_stays_out_unless_accounts_are_made(
    deploy: Deploy, corp: Identity, forger: Forger
) -> None:
    assert refused(corp, forger) == "unknown"
    open_house = deploy(create_users=True)
    token = come_back(open_house, forger)
    made = open_house.users.find("ana@example.com")
    assert (token.user_id, made.name, made.admin, made.roles, made.signs_in) == (
        made.id,
        "Ana",
        False,
        (),
        False,
    )


@pytest.mark.parametrize("verified", [False, None, "no", 0, "False"])
def test_an_address_that_is_not_verified_links_nobody(
    deploy: Deploy, forger: Forger, ana: UUID, verified: object
) -> None:
    forger.person["email_verified"] = verified
    assert refused(deploy(create_users=True), forger) == "unverified"


def test_somebody_is_known_by_the_subject_once_they_are_linked(
    corp: Identity, forger: Forger, ana: UUID
) -> None:
    come_back(corp, forger)
    forger.person |= {"email": "married@example.com", "email_verified": False}
    assert come_back(corp, forger).user_id == ana


def test_an_address_that_went_to_somebody_else_at_the_provider_links_nobody(
    corp: Identity, forger: Forger, ana: UUID
) -> None:
    come_back(corp, forger)
    forger.person["sub"] = "s-2"
    assert refused(corp, forger) == "linked"


def test_who_is_disabled_stays_out_linked_or_not(
    deploy: Deploy, corp: Identity, forger: Forger, ana: UUID
) -> None:
    corp.users.set_active(ana, False)
    assert refused(deploy(create_users=True), forger) == "disabled"
    corp.users.set_active(ana, True)
    come_back(corp, forger)
    corp.users.set_active(ana, False)
    assert refused(corp, forger) == "disabled"


@pytest.mark.parametrize(
    ("email", "comes_in"),
    [
        ("ana@example.com", True),
        ("ana@EXAMPLE.com", True),
        ("ana@example.com.evil.example", False),
        ("ana@sub.example.com", False),
        ("ana@evil.example", False),
    ],
)
def test_only_addresses_of_the_domains_come_in(
    deploy: Deploy, forger: Forger, email: str, comes_in: bool
) -> None:
    house = deploy(create_users=True, domains=("Example.com",))
    forger.person["email"] = email
    if comes_in:
        come_back(house, forger)
    else:
        assert refused(house, forger) == "domain"


def test_groups_become_roles_and_leave_with_them(deploy: Deploy, forger: Forger, ana: UUID) -> None:
    house = deploy(roles_claim="realm_access.roles", roles={"crm-managers": "manager", "crm-reps": "rep"})
    for groups, roles in (
        (["crm-managers", "crm-reps", "else", 7], ("manager", "rep")),
        (["crm-reps"], ("rep",)),
        ([], ()),
    ):
        forger.person["realm_access"] = {"roles": groups}
        come_back(house, forger)
        assert house.users.get(ana).roles == roles


def test_a_second_step_is_asked_for_as_with_a_password(
    corp: Identity, deploy: Deploy, forger: Forger, clock: ManualClock, ana: UUID
) -> None:
    import pyotp

    here = come_back(corp, forger)
    app = pyotp.TOTP(corp.second_step.start(ana).secret)
    corp.second_step.confirm(ana, app.at(clock.now()), here=here.secret)
    clock.advance(minutes=1)
    with pytest.raises(SecondStepNeeded) as needed:
        come_back(corp, forger)
    assert corp.signing_in.with_code(needed.value.secret, app.at(clock.now())).user_id == ana
    assert come_back(deploy(trust_second_step=True), forger).user_id == ana


def test_each_refusal_is_told_and_nothing_secret_with_it(corp: Identity, forger: Forger, ana: UUID) -> None:
    told: list[IdentityEvent] = []
    corp.told.append(told.append)
    refused(corp, forger, state="x")
    forger.sign = forger.unsigned
    refused(corp, forger)
    assert [(event.kind, event.detail["reason"]) for event in told] == [
        ("sign_in_failed", "oidc-state"),
        ("sign_in_failed", "oidc-algorithm"),
    ]
    assert SECRET not in repr(told) + repr(corp.external.providers)


def test_a_provider_that_nobody_set_up_is_not_there(corp: Identity) -> None:
    with pytest.raises(NotFoundError):
        corp.external.begin("other", BACK)


def test_without_what_talks_to_providers_the_settings_say_how_to_get_it(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "tenon.identity.oidc", raising=False)
    for name in [name for name in sys.modules if name.partition(".")[0] == "authlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "authlib", None)
    with pytest.raises(SettingsError, match=r'pip install "tenon-crm\[oidc\]"'):
        deploy()

"""What of a provider's answer is believed: the tokens, the keys they are signed with, the claims."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from tenon.clock import ManualClock
from tenon.identity.oidc import OidcClient
from tenon.identity.refusals import RefusedByProvider
from tenon.settings import OidcProvider
from tests.identity.provider import CLIENT, SECRET, Claims, Forger

BACK = "https://crm.example.com/sign-in/with/corp/back"


@pytest.fixture
def client(forger: Forger, clock: ManualClock) -> OidcClient:
    return OidcClient(OidcProvider("corp", forger.issuer, CLIENT, SECRET, label="Corp"), clock)


def answered(client: OidcClient, forger: Forger) -> Claims:
    """There and back: what is believed of the answer."""
    words = {"nonce": "a nonce", "verifier": "v" * 43}
    url = client.authorization_url(BACK, state="a state", **words)
    return dict(client.claims(BACK, code=forger.visited(url)["code"], **words))


def refused(client: OidcClient, forger: Forger) -> str:
    with pytest.raises(RefusedByProvider) as refusal:
        answered(client, forger)
    return refusal.value.reason


def test_a_secret_goes_in_the_form_where_the_provider_wants_it_there(
    client: OidcClient, forger: Forger
) -> None:
    forger.methods = ["client_secret_post"]
    answered(client, forger)


def test_addresses_and_keys_are_asked_for_once_an_hour(
    client: OidcClient, forger: Forger, clock: ManualClock
) -> None:
    for _time in range(3):
        answered(client, forger)
    assert forger.calls.count("/jwks") == 1
    assert forger.calls.count("/.well-known/openid-configuration") == 1
    clock.advance(hours=1)
    answered(client, forger)
    assert forger.calls.count("/jwks") == 2


def test_a_provider_may_change_its_key(client: OidcClient, forger: Forger, clock: ManualClock) -> None:
    answered(client, forger)
    forger.key = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"})
    forger.published = [forger.key]
    clock.advance(minutes=1)
    answered(client, forger)


@pytest.mark.parametrize(
    "forgery", ["unsigned", "by_public_key", "by_client_secret", "by_somebody_else", "by_key_in_header"]
)
def test_a_token_that_the_provider_did_not_sign_is_refused(
    client: OidcClient, forger: Forger, forgery: str
) -> None:
    forger.sign = getattr(forger, forgery)
    assert refused(client, forger) in {"algorithm", "signature", "not-a-token"}
    forger.sign = forger.signed
    answered(client, forger)


def test_a_key_that_takes_no_signatures_verifies_none(client: OidcClient, forger: Forger) -> None:
    forger.key = RSAKey.generate_key(2048, {"kid": "enc"})
    forger.published = [RSAKey.import_key({**forger.key.as_dict(private=True), "use": "enc"})]
    assert refused(client, forger) == "signature"


def altered(**values: Any) -> Callable[[Claims], Claims]:
    return lambda claims: {**claims, **values}


def without(name: str) -> Callable[[Claims], Claims]:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (altered(aud="somebody-else"), "claim-aud"),
        (altered(aud=["somebody-else"]), "claim-aud"),
        (altered(aud=[CLIENT, "another"]), "claim-azp"),
        (altered(aud=[CLIENT, "another"], azp="another"), "claim-azp"),
        (altered(iss="https://evil.example"), "claim-iss"),
        (altered(exp=1), "claim-exp"),
        (altered(exp="never"), "claim-exp"),
        (altered(nonce="of another sign-in"), "claim-nonce"),
        (altered(sub=""), "claim-sub"),
        (altered(sub="x" * 256), "claim-sub"),
        (altered(at_hash="of another token"), "claim-at_hash"),
        *((without(name), f"claim-{name}") for name in ("aud", "iss", "exp", "iat", "sub", "nonce")),
    ],
)
def test_a_claim_that_is_wrong_or_missing_lets_nobody_in(
    client: OidcClient, forger: Forger, change: Callable[[Claims], Claims], reason: str
) -> None:
    forger.change = change
    told = refused(client, forger)
    assert told == reason or told == "claim-invalid"


def test_a_token_is_expired_a_minute_after_its_time(
    client: OidcClient, forger: Forger, clock: ManualClock
) -> None:
    past = int(clock.now().timestamp())
    forger.change = altered(exp=past - 30)
    answered(client, forger)
    forger.change = altered(exp=past - 61)
    assert refused(client, forger) == "claim-exp"


def test_what_the_token_leaves_out_is_asked_for_about_the_same_person(
    client: OidcClient, forger: Forger
) -> None:
    forger.userinfo = {"sub": "s-1", "email": "ana@example.com", "email_verified": True}
    forger.person = {"sub": "s-1"}
    answered(client, forger)
    forger.userinfo["sub"] = "s-2"
    assert refused(client, forger) == "claim-sub"

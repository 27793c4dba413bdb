"""Nothing that lets somebody in gets into the access log, whatever it is called."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenon.access.entries import Wanted, all_entries
from tenon.access.redacting import MASK, MOST_DETAIL, plain, without_secrets
from tenon.app import Tenon
from tenon.identity import NewUser
from tenon.identity.actor import Actor
from tenon.identity.tokens import new_api_key, new_password, new_session_token
from tenon.testing import ApiClient

LAW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PASSWORD = "correct horse battery staple"


@pytest.mark.parametrize(
    "name",
    ["password", "new_password", "secret", "Token", "access_token", "authorization", "Cookie", "totp_code",
     "recovery_codes", "api_key", "apikey", "client_secret", "private_key", "csrf_token", "code", "otp"],
)  # fmt: skip
def test_a_value_of_a_telling_name_is_masked_at_any_depth(name: str) -> None:
    found = json.loads(str(without_secrets({"outer": [{name: PASSWORD}], name: [PASSWORD]})))
    assert found[name] == MASK
    assert found["outer"] == [{name: MASK}]


@pytest.mark.parametrize("name", ["role", "line", "before", "zip_code", "key_id", "limit", "scope"])
def test_a_value_of_another_name_is_kept(name: str) -> None:
    assert json.loads(str(without_secrets({name: "sales"}))) == {name: "sales"}


@pytest.mark.parametrize(
    "secret",
    [
        "Bearer abcdef0123456789",
        "Basic dXNlcjpwYXNzd29yZA==",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
        "postgresql://tenon:hunter2@db/tenon",
        "password=hunter2",
        "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&issuer=y",
    ],
)
def test_a_secret_is_known_by_its_form_inside_any_text(secret: str) -> None:
    told = plain(f"it said: {secret} and then")
    assert secret not in told
    assert "hunter2" not in told
    assert "JBSWY3DPEHPK3PXP" not in told
    assert MASK in told


@pytest.mark.parametrize("make", [new_session_token, lambda: new_api_key()[1], new_password])
def test_what_we_make_up_ourselves_is_known_every_time(make: Callable[[], str]) -> None:
    for _number in range(2000):
        secret = make()
        assert secret not in plain(f"it said: {secret}, and then")


def test_ids_and_ordinary_words_are_left_as_they_are() -> None:
    for text in ("0199c1f2-3b4c-7d5e-8f60-a1b2c3d4e5f6", "account_id.name contains Müller & Co.", "a" * 60):
        assert plain(text) == text


@LAW
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
        max_leaves=10,
    )
)
def test_any_detail_becomes_json_of_a_bounded_size(value: object) -> None:
    text = without_secrets({"value": value})
    assert text is not None
    assert len(text) <= MOST_DETAIL
    assert "\\u0000" not in text
    assert isinstance(json.loads(text), dict)


def test_known_secrets_sent_in_every_way_stand_in_no_entry(
    tenon: Tenon, api: ApiClient, actor: Actor, as_role: Callable[..., Actor]
) -> None:
    assert actor.id is not None
    key = tenon.identity.create_api_key(actor.id, "narrow", scopes=["team:read"])[1]
    user = tenon.identity.create_user(NewUser("Ben", "ben@example.com"), PASSWORD)
    session = tenon.identity.sign_in("ben@example.com", PASSWORD).secret
    client = tenon.app.test_client()
    client.post("/sign-in", data={"email": PASSWORD, "password": PASSWORD})
    client.get(f"/api/v1/contacts?token={session}", headers={"Authorization": f"Bearer {key}"})
    client.get("/api/v1/contacts", headers={"Authorization": f"Bearer {key}", "Cookie": f"x={session}"})
    tenon.identity.set_password(user, PASSWORD + "!")
    tenon.access_log.record(
        "policy", actor=actor, action=key, reason=f"because of {session}", detail={"password": PASSWORD}
    )
    tenon.access_log.flush()
    with tenon.storage.reading() as connection:
        whole = "\n".join(map(repr, connection.exec_driver_sql("SELECT * FROM tenon_access_log")))
    assert len(list(all_entries(tenon.storage, Wanted()))) >= 2
    for secret in (PASSWORD, key, key.rpartition("_")[2], session):
        assert secret not in whole

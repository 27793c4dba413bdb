"""Talking to an OpenID Connect provider: the authorization code flow with PKCE, by Authlib.

OpenID Connect Core 1.0, 3.1; PKCE is RFC 7636, the ``iss`` of an answer RFC 9207. Nothing of an
ID token is believed before its signature is checked with a key that the provider publishes, by an
algorithm of :data:`ALGORITHMS`: none of them takes a shared secret, and ``none`` is not one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from ..clock import Clock
from ..settings.model import OidcProvider
from .refusals import RefusedByProvider

ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)
PUBLIC_KEYS = frozenset({"RSA", "EC", "OKP"})
WELL_KNOWN = "/.well-known/openid-configuration"
KEPT = timedelta(hours=1)
ASKED_AGAIN = timedelta(minutes=1)
LEEWAY_SECONDS = 60
TIMEOUT = httpx.Timeout(10.0, connect=5.0)
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")

Claims = Mapping[str, Any]


class OidcClient:
    """One provider, whose addresses and keys are asked for when they are needed and kept an hour."""

    def __init__(self, provider: OidcProvider, clock: Clock) -> None:
        self.provider = provider
        self._clock = clock
        self._metadata: tuple[datetime, Claims] | None = None
        self._keys: tuple[datetime, list[Key]] | None = None

    def authorization_url(self, redirect_uri: str, *, state: str, nonce: str, verifier: str) -> str:
        """Where to send the browser."""
        with self._http() as http:
            client = self._client(http, redirect_uri)
            url, _state = client.create_authorization_url(
                self._addresses()["authorization_endpoint"],
                state=state,
                nonce=nonce,
                code_verifier=verifier,
            )
        return str(url)

    def claims(self, redirect_uri: str, *, code: str, nonce: str, verifier: str) -> Claims:
        """What the provider says of whoever came back with ``code``; ``RefusedByProvider`` if it does not."""
        addresses = self._addresses()
        with self._http() as http:
            try:
                token = self._client(http, redirect_uri).fetch_token(
                    addresses["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    redirect_uri=redirect_uri,
                    code_verifier=verifier,
                )
            except OAuth2Error as error:
                raise self._refused("code") from error
            except (httpx.HTTPError, ValueError) as error:
                raise self._refused("unreachable") from error
        claims = self._believed(token, nonce)
        return self._with_userinfo(claims, token, addresses)

    def _believed(self, token: Mapping[str, Any], nonce: str) -> Claims:
        """The claims of the ID token, every one of the checks of OpenID Connect Core 3.1.3.7 passed."""
        raw = token.get("id_token")
        if not isinstance(raw, str):
            raise self._refused("no-id-token")
        header, found = self._verified(raw)
        wanted = {
            "iss": {"essential": True, "value": self.provider.issuer},
            "aud": {"essential": True, "value": self.provider.client_id},
            "sub": {"essential": True},
            "exp": {"essential": True},
        }
        params = {
            "nonce": nonce,
            "client_id": self.provider.client_id,
            "access_token": token.get("access_token"),
        }
        try:
            id_token = CodeIDToken(found, header, wanted, params)
            id_token.validate(now=int(self._clock.now().timestamp()), leeway=LEEWAY_SECONDS)
        except (JoseError, OAuth2Error, TypeError, ValueError) as error:
            raise self._refused(f"claim-{getattr(error, 'claim', None) or 'invalid'}") from error
        if not isinstance(found["sub"], str) or not 0 < len(found["sub"]) <= 255:
            raise self._refused("claim-sub")
        return found

    def _verified(self, raw: str) -> tuple[Mapping[str, Any], dict[str, Any]]:
        """Header and claims of a token that one of the provider's keys has signed."""
        try:
            header = jws.extract_compact(raw.encode()).headers()
        except (JoseError, ValueError) as error:
            raise self._refused("not-a-token") from error
        if header.get("alg") not in ALGORITHMS:
            raise self._refused("algorithm")
        for keys in self._key_sets():
            for key in keys:
                if header.get("kid") not in (None, key.kid) or not _fits(key, str(header["alg"])):
                    continue
                try:
                    return header, dict(jwt.decode(raw, key, algorithms=list(ALGORITHMS)).claims)
                except (JoseError, ValueError):
                    continue
        raise self._refused("signature")

    def _key_sets(self) -> Iterator[list[Key]]:
        """The keys that are known, then, as a provider changes them, those that it has now."""
        now = self._clock.now()
        if self._keys is None or not timedelta() <= now - self._keys[0] < KEPT:
            self._keys = now, self._fetch_keys()
            yield self._keys[1]
            return
        yield self._keys[1]
        if now - self._keys[0] >= ASKED_AGAIN:
            self._keys = now, self._fetch_keys()
            yield self._keys[1]

    def _fetch_keys(self) -> list[Key]:
        found = self._get(self._addresses()["jwks_uri"]).get("keys")
        public = [key for key in found or () if isinstance(key, dict) and key.get("kty") in PUBLIC_KEYS]
        signing = [key for key in public if key.get("use", "sig") == "sig"]
        try:
            return list(KeySet.import_key_set({"keys": signing}).keys) if signing else []
        except (JoseError, ValueError, TypeError) as error:
            raise self._refused("keys") from error

    def _addresses(self) -> Claims:
        """The provider's own description of itself, which has to name the very issuer of the settings."""
        now = self._clock.now()
        if self._metadata is not None and timedelta() <= now - self._metadata[0] < KEPT:
            return self._metadata[1]
        found = self._get(self.provider.issuer.rstrip("/") + WELL_KNOWN)
        if found.get("issuer") != self.provider.issuer:
            raise self._refused("issuer")
        if not all(isinstance(found.get(name), str) for name in ENDPOINTS):
            raise self._refused("unreachable")
        self._metadata = now, found
        return found

    def _with_userinfo(self, claims: Claims, token: Mapping[str, Any], addresses: Claims) -> Claims:
        """The claims, with those that the provider keeps at another address (Core 5.3)."""
        address = addresses.get("userinfo_endpoint")
        wanted = {
            "email",
            *([self.provider.roles_claim.partition(".")[0]] if self.provider.roles_claim else []),
        }
        if wanted <= set(claims) or not isinstance(address, str):
            return claims
        more = self._get(address, {"Authorization": f"Bearer {token.get('access_token')}"})
        if more.get("sub") != claims["sub"]:
            raise self._refused("claim-sub")
        return {**more, **claims}

    def _get(self, url: str, headers: Mapping[str, str] | None = None) -> Claims:
        try:
            with self._http() as http:
                found = http.get(url, headers=dict(headers or {})).raise_for_status().json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise self._refused("unreachable") from error
        if not isinstance(found, dict):
            raise self._refused("unreachable")
        return found

    def _http(self) -> httpx.Client:
        return httpx.Client(timeout=TIMEOUT, follow_redirects=False)

    def _client(self, http: httpx.Client, redirect_uri: str) -> Any:
        offered = self._addresses().get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        method = "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"
        client = OAuth2Client(
            http,
            self.provider.client_id,
            self.provider.client_secret,
            token_endpoint_auth_method=method,
            scope=" ".join(self.provider.scopes),
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )
        client.client_auth_class = _ClientAuth
        return client

    def _refused(self, reason: str) -> RefusedByProvider:
        return RefusedByProvider(reason, self.provider.label)


class _ClientAuth(httpx.Auth, ClientAuth):  # type: ignore[misc]
    """Says who we are, as httpx wants it said."""

    requires_request_body = True

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        # The body may grow by the secret, and httpx counts it anew.
        kept = {name: value for name, value in request.headers.items() if name != "content-length"}
        url, headers, body = self.prepare(request.method, str(request.url), kept, request.content.decode())
        yield httpx.Request(request.method, url, headers=headers, content=body)


def _fits(key: Key, algorithm: str) -> bool:
    """Whether a key is of the kind that the algorithm takes, and for it where it names one."""
    named = key.get("alg")
    kind = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}[algorithm[:2]]
    return key.key_type == kind and named in (None, algorithm)

"""A provider of the tests' own on this machine, which signs whatever a test wants signed."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import Key, OctKey, RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

CLIENT, SECRET = "tenon", "the client's secret"
Claims = dict[str, Any]


class Forger:
    """Speaks OpenID Connect as providers do, and forges on demand.

    ``change`` alters the claims of the next ID token, ``sign`` makes the token of them.
    ``asked`` holds the parameters of the authorization request, ``codes`` those still good.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.key = RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})
        self.published: list[Key] = [self.key]
        self.person: Claims = {
            "sub": "s-1",
            "email": "ana@example.com",
            "email_verified": True,
            "name": "Ana",
        }
        self.change: Callable[[Claims], Claims] = lambda claims: claims
        self.sign: Callable[[Claims], str] = self.signed
        self.userinfo: Claims | None = None
        self.methods = ["client_secret_basic"]
        self.asked: dict[str, str] = {}
        self.codes: set[str] = set()
        self.calls: list[str] = []
        self._server = make_server("127.0.0.1", 0, self._app, threaded=True)
        self.issuer = f"http://127.0.0.1:{self._server.port}"
        self.announced = self.issuer
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def visited(self, url: str) -> dict[str, str]:
        """A browser comes with an authorization request, and takes back a code."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = f"code-{len(self.calls)}-{len(self.codes)}"
        self.codes.add(code)
        return {"code": code, "state": self.asked["state"]}

    def claims(self) -> Claims:
        now = int(self._now())
        about = {
            "iss": self.issuer,
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": self.asked["nonce"],
        }
        return self.change({**about, **self.person})

    def signed(self, claims: Claims) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def unsigned(self, claims: Claims) -> str:
        """The algorithm ``none``."""
        return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."

    def by_public_key(self, claims: Claims) -> str:
        """HS256 with the published key as the secret: what a confused library takes for RS256's."""
        import hmac

        body = f"{_part({'alg': 'HS256', 'kid': self.key.kid})}.{_part(claims)}"
        signature = hmac.digest(self.key.as_pem(private=False), body.encode(), "sha256")
        return f"{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    def by_client_secret(self, claims: Claims) -> str:
        """HS256 with the client's secret, which some providers do and we do not take."""
        key = OctKey.import_key(SECRET)
        return jwt.encode({"alg": "HS256"}, claims, key, algorithms=["HS256"])

    def by_somebody_else(self, claims: Claims) -> str:
        """A good signature by a key of the same name that is not the provider's."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, RSAKey.generate_key(2048))

    def by_key_in_header(self, claims: Claims) -> str:
        """A good signature by a key that the token brings along."""
        other = RSAKey.generate_key(2048)
        body = f"{_part({'alg': 'RS256', 'jwk': other.as_dict(private=False)})}.{_part(claims)}"
        signature = other.private_key.sign(body.encode(), PKCS1v15(), SHA256())
        return f"{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    def _app(self, environ: Any, start: Any) -> Any:
        request = Request(environ)
        self.calls.append(request.path)
        answers = {
            "/.well-known/openid-configuration": self._metadata,
            "/jwks": self._jwks,
            "/token": self._token,
            "/userinfo": lambda _request: Response(json.dumps(self.userinfo), mimetype="application/json"),
        }
        return answers[request.path](request)(environ, start)

    def _metadata(self, _request: Request) -> Response:
        found = {
            "issuer": self.announced,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "token_endpoint_auth_methods_supported": self.methods,
        }
        if self.userinfo is not None:
            found["userinfo_endpoint"] = f"{self.issuer}/userinfo"
        return Response(json.dumps(found), mimetype="application/json")

    def _jwks(self, _request: Request) -> Response:
        keys = [key.as_dict(private=False) for key in self.published]
        return Response(json.dumps({"keys": keys}), mimetype="application/json")

    def _token(self, request: Request) -> Response:
        form = request.form
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        known = (
            (request.authorization and (request.authorization.username, request.authorization.password))
            or (form.get("client_id"), form.get("client_secret"))
        ) == (CLIENT, SECRET)
        good = (
            known
            and form["code"] in self.codes
            and form["redirect_uri"] == self.asked["redirect_uri"]
            and self.asked["code_challenge_method"] == "S256"
            and challenge.rstrip(b"=").decode() == self.asked["code_challenge"]
        )
        self.codes.discard(form["code"])
        if not good:
            return Response('{"error": "invalid_grant"}', 400, mimetype="application/json")
        token = {"access_token": "opaque", "token_type": "Bearer", "id_token": self.sign(self.claims())}
        return Response(json.dumps(token), mimetype="application/json")


def _part(data: Claims) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()

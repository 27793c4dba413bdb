"""Signing in with a provider: who somebody there is here."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..clock import Clock
from ..errors import NotFoundError, SettingsError
from ..messages import _
from ..settings.model import OidcProvider
from ..storage.engine import Storage
from .events import IdentityEvent, Teller
from .models import ExternalIdentity, OidcRequest, User
from .refusals import RefusedByProvider
from .sessions import UNKNOWN, Browser, SessionToken
from .signing_in import SigningIn
from .tokens import hashed
from .users import EMAIL, NewUser, Users

if TYPE_CHECKING:
    from .oidc import Claims, OidcClient

AWAY = timedelta(minutes=10)
TRUE = (True, "true")


@dataclass(frozen=True)
class Departure:
    """Where to send a browser, and the word that it has to bring back."""

    url: str
    state: str


@dataclass(frozen=True)
class Arrival:
    """What a browser brought back, and the word that it was given."""

    params: Mapping[str, str]
    state: str
    redirect_uri: str


class External:
    """The providers of a deployment, by name."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        users: Users,
        signing_in: SigningIn,
        tell: Teller,
        providers: Mapping[str, OidcProvider],
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._users = users
        self._signing_in = signing_in
        self._tell = tell
        self.providers = tuple(providers.values())
        self._clients = _clients(self.providers, clock)

    def begin(self, name: str, redirect_uri: str) -> Departure:
        """Remember that a browser goes to a provider. ``NotFoundError`` where there is none of that name."""
        client = self._client(name)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _word in range(3))
        url = client.authorization_url(redirect_uri, state=state, nonce=nonce, verifier=verifier)
        now = self._clock.now()
        row = {"provider": name, "nonce": nonce, "verifier": verifier, "expires_at": now + AWAY}
        with self._storage.writing() as connection:
            connection.execute(sa.delete(OidcRequest).where(OidcRequest.expires_at <= now))
            connection.execute(sa.insert(OidcRequest).values(state_hash=hashed(state), **row))
        return Departure(url, state)

    def finish(
        self, name: str, arrival: Arrival, *, replaces: str | None = None, browser: Browser = UNKNOWN
    ) -> SessionToken:
        """Sign in whoever came back. ``RefusedByProvider`` says why not; ``SecondStepNeeded`` asks
        for the code of an app as well.
        """
        provider = self._client(name).provider
        try:
            claims = self._claims(name, arrival)
            user_id, user_name = self._user_of(provider, claims)
        except RefusedByProvider as refused:
            detail = {"reason": f"oidc-{refused.reason}", "method": f"oidc:{name}"}
            self._tell(IdentityEvent("sign_in_failed", address=browser.address, detail=detail))
            raise
        return self._signing_in.with_provider(
            user_id,
            user_name,
            name,
            second_step=provider.trust_second_step,
            replaces=replaces,
            browser=browser,
        )

    def _claims(self, name: str, arrival: Arrival) -> Claims:
        """What the provider says, for a request that was made by this browser and answered once."""
        client, params = self._client(name), arrival.params
        state = params.get("state", "")
        if not state or not hmac.compare_digest(state.encode(), arrival.state.encode()):
            raise self._refused("state", client.provider)
        request = self._take(name, state)
        if request is None:
            raise self._refused("state", client.provider)
        if params.get("iss", client.provider.issuer) != client.provider.issuer:
            raise self._refused("issuer", client.provider)
        if "error" in params or not params.get("code"):
            raise self._refused("denied", client.provider)
        return client.claims(
            arrival.redirect_uri, code=params["code"], nonce=request.nonce, verifier=request.verifier
        )

    def _take(self, name: str, state: str) -> sa.Row[str, str] | None:
        """The request that ``state`` stands for, which is gone afterwards: of two answers, one counts."""
        taken = (
            sa.delete(OidcRequest)
            .where(
                OidcRequest.state_hash == hashed(state),
                OidcRequest.provider == name,
                OidcRequest.expires_at > self._clock.now(),
            )
            .returning(OidcRequest.nonce, OidcRequest.verifier)
        )
        with self._storage.writing() as connection:
            return connection.execute(taken).first()

    def _user_of(self, provider: OidcProvider, claims: Claims) -> tuple[UUID, str]:
        """The user that somebody at the provider is here: linked, or by a verified address."""
        email = _verified_email(claims)
        if provider.domains and (email or "").rpartition("@")[2] not in _lower(provider.domains):
            raise self._refused("domain", provider)
        try:
            with self._storage.writing() as connection:
                user = self._linked(connection, provider, claims["sub"])
                if user is None:
                    user = self._link(connection, provider, claims, email)
        except sa.exc.IntegrityError as error:
            # The same person came twice at once for the first time.
            raise self._refused("state", provider) from error
        if not user.active or user.archived_at is not None:
            raise self._refused("disabled", provider)
        self._give_roles(provider, user, claims)
        return user.id, user.name

    def _linked(self, connection: Connection, provider: OidcProvider, subject: str) -> sa.Row[Any] | None:
        link = sa.and_(ExternalIdentity.provider == provider.name, ExternalIdentity.subject == subject)
        query = _users().join(ExternalIdentity, ExternalIdentity.user_id == User.id).where(link)
        user = connection.execute(query).first()
        if user is not None:
            used = sa.update(ExternalIdentity).where(link).values(last_used_at=self._clock.now())
            connection.execute(used)
        return user

    def _link(
        self, connection: Connection, provider: OidcProvider, claims: Claims, email: str | None
    ) -> sa.Row[Any]:
        """Link the subject, for good, to the user whose address the provider has verified."""
        if email is None:
            raise self._refused("unverified", provider)
        user = connection.execute(_users().where(User.email == email)).first()
        if user is None:
            if not provider.create_users:
                raise self._refused("unknown", provider)
            name = str(claims.get("name") or email)[:200]
            made = self._users.create_in(connection, NewUser(name=name, email=email))
            user = connection.execute(_users().where(User.id == made)).one()
        elif not user.active or user.archived_at is not None:
            return user
        elif connection.execute(_link_of(user.id, provider)).first() is not None:
            raise self._refused("linked", provider)
        now = self._clock.now()
        row = {"user_id": user.id, "linked_at": now, "last_used_at": now}
        linked = sa.insert(ExternalIdentity).values(provider=provider.name, subject=claims["sub"], **row)
        connection.execute(linked)
        return user

    def _give_roles(self, provider: OidcProvider, user: sa.Row[Any], claims: Claims) -> None:
        """The roles that the provider's groups stand for, and no others, where the settings name a claim."""
        if provider.roles_claim is None:
            return
        groups = _at(claims, provider.roles_claim)
        named = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
        roles = sorted(
            {provider.roles[group] for group in named if isinstance(group, str) and group in provider.roles}
        )
        if roles != sorted(user.roles or ()):
            self._users.set_access(user.id, roles=roles)
            detail = {"what": "roles", "by": f"oidc:{provider.name}", "roles": " ".join(roles)}
            self._tell(IdentityEvent("user", user.id, user.name, None, detail))

    def _client(self, name: str) -> OidcClient:
        if name not in self._clients:
            raise NotFoundError(_("Nobody signs in with %(provider)s here", provider=name))
        return self._clients[name]

    def _refused(self, reason: str, provider: OidcProvider) -> RefusedByProvider:
        return RefusedByProvider(reason, provider.label)


def _clients(providers: tuple[OidcProvider, ...], clock: Clock) -> dict[str, OidcClient]:
    if not providers:
        return {}
    try:
        from .oidc import OidcClient
    except ImportError as error:
        raise SettingsError(
            _("The settings name providers to sign in with, and what talks to them is not installed"),
            hint=_('Run: pip install "tenon-crm[oidc]", or take the [oidc.…] tables out of the settings.'),
        ) from error
    return {provider.name: OidcClient(provider, clock) for provider in providers}


def _users() -> sa.Select[Any]:
    return sa.select(User.id, User.name, User.roles, User.active, User.archived_at)


def _link_of(user_id: UUID, provider: OidcProvider) -> sa.Select[Any]:
    return sa.select(ExternalIdentity.subject).where(
        ExternalIdentity.user_id == user_id, ExternalIdentity.provider == provider.name
    )


def _verified_email(claims: Claims) -> str | None:
    email = claims.get("email")
    if not isinstance(email, str) or claims.get("email_verified") not in TRUE:
        return None
    return email.strip().lower() if EMAIL.fullmatch(email.strip()) else None


def _at(claims: Claims, path: str) -> Any:
    """A claim, or what stands inside it: ``realm_access.roles``."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _lower(domains: tuple[str, ...]) -> set[str]:
    return {domain.strip().lower() for domain in domains}

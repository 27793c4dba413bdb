"""What permissions adds to Tenon, through its hooks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from tenon.api import (
    Command,
    Endpoint,
    Entity,
    HealthCheck,
    Job,
    Permission,
    Policy,
    RoleTemplate,
    Scope,
    Seed,
    Slot,
    Work,
    _,
    hookimpl,
    system,
)

from .commands import COMMANDS
from .defaults import TEMPLATES, default_document
from .endpoints import access_pages
from .following import Following
from .grants import forget_ended
from .netcommands import NET
from .panels import ACCESS_SLOTS
from .policy import PermissionsPolicy
from .rowsecurity import RowSecurity
from .rules import SHARING_RULE, look_again
from .scopes import SCOPES
from .sharing_endpoints import sharing_endpoints
from .sharing_panel import SLOTS, sharing_pages
from .territories import TERRITORY_ENTITY, TERRITORY_MEMBER


@hookimpl
def entities() -> Iterable[Entity]:
    return (TERRITORY_ENTITY, TERRITORY_MEMBER, SHARING_RULE)


@hookimpl
def permissions() -> Iterable[Permission]:
    return (Permission("permissions:share", _("Share with others")),)


@hookimpl
def scopes() -> Iterable[Scope]:
    return SCOPES


@hookimpl
def role_templates() -> Iterable[RoleTemplate]:
    return TEMPLATES


@hookimpl
def access_policy(tenon: Any) -> Policy:
    return PermissionsPolicy(tenon)


@hookimpl
def health_checks() -> Iterable[HealthCheck]:
    return (HealthCheck("policy", _("The policy is in force"), policy_in_force),)


def policy_in_force(tenon: Any) -> Any:
    """What keeps the newest policy from being in force, if anything does."""
    return tenon.access.policy.check_health()


@hookimpl
def commands() -> Iterable[Command]:
    return (*COMMANDS, NET)


@hookimpl
def slots() -> Iterable[Slot]:
    return (*SLOTS, *ACCESS_SLOTS)


@hookimpl
def endpoints(tenon: Any) -> Iterable[Endpoint]:
    return (*sharing_endpoints(tenon), *sharing_pages(tenon), *access_pages())


@hookimpl
def jobs() -> Iterable[Job]:
    return (
        Job("ended", forget_ended, label=_("Delete what was shared until now"), every=timedelta(minutes=1)),
        Job(
            "look_again",
            look_again,
            label=_("Look again at filters of time and of other records"),
            every=timedelta(hours=1),
        ),
    )


@hookimpl
def startup(tenon: Any) -> None:
    """Have grants follow what happens to records, people and rules; hang the net below."""
    Following(tenon)
    if tenon.settings.access_net == "on" and tenon.storage.dialect == "postgresql":
        tenon.records.net = RowSecurity(tenon.access.policy)


@hookimpl
def seeds() -> Iterable[Seed]:
    return (Seed("policy", seed),)


def seed(work: Work, tenon: Any) -> None:
    """The suggested policy, so that a demo's people may do something."""
    policy: PermissionsPolicy = tenon.access.policy
    policy.revisions.add_first(work, default_document(tenon), policy.names, system("demo data"))

"""What permissions adds to Tenon, through its hooks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tenon.api import Command, HealthCheck, Policy, RoleTemplate, Scope, Seed, Work, _, hookimpl, system

from .commands import COMMANDS
from .defaults import TEMPLATES, default_document
from .policy import PermissionsPolicy
from .scopes import SCOPES


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
    return (
        HealthCheck("policy", _("The policy is in force"), lambda tenon: tenon.access.policy.check_health()),
    )


@hookimpl
def commands() -> Iterable[Command]:
    return COMMANDS


@hookimpl
def seeds() -> Iterable[Seed]:
    return (Seed("policy", seed),)


def seed(work: Work, tenon: Any) -> None:
    """The suggested policy, so that a demo's people may do something."""
    policy: PermissionsPolicy = tenon.access.policy
    policy.revisions.add_first(work, default_document(tenon), policy.names, system("demo data"))

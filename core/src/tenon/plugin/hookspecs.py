"""The whole contract between the kernel and its plugins, on one page.

Every hook is named here and nowhere else. Contribution hooks return frozen
dataclasses from :mod:`tenon.plugin.contributions`; hooks that decide have typed
arguments. What merely wants to know that something happened subscribes to
events (:class:`~tenon.plugin.contributions.Subscriber`) instead.

The four families are entities, pipeline stages, permissions and integrations;
beside them stand the user interface, jobs and commands.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pluggy

from . import contributions as c

if TYPE_CHECKING:
    from ..access.policy import Policy
    from ..identity.actor import Actor

PROJECT = "tenon"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


# Entities


@hookspec
def entities() -> Iterable[c.Entity]:  # type: ignore[empty-body]
    """Kinds of record that this plugin owns."""


@hookspec
def entity_extensions() -> Iterable[c.EntityExtension]:  # type: ignore[empty-body]
    """Fields that this plugin adds to entities of others, in side tables of its own."""


@hookspec
def private_tables() -> Iterable[c.PrivateTable]:  # type: ignore[empty-body]
    """Whose the rows of this plugin's own tables are, where they are no records."""


@hookspec(firstresult=True)
def assign_owner(entity: str, values: dict[str, Any], actor: Actor) -> str | None:
    """The id of the user who shall own a record that is being created without an owner.

    The first plugin that answers decides; without an answer the actor owns it.
    """


# Pipeline stages


@hookspec
def pipelines() -> Iterable[c.Pipeline]:  # type: ignore[empty-body]
    """Ways of selling: stages, transitions, guards and approvals, as data."""


@hookspec
def pipeline_patches() -> Iterable[c.PipelinePatch]:  # type: ignore[empty-body]
    """Ordered changes to pipelines of others."""


@hookspec
def guard_checks() -> Iterable[c.GuardCheck]:  # type: ignore[empty-body]
    """Guards of this plugin's own that stages and transitions can name."""


# Permissions


@hookspec
def permissions() -> Iterable[c.Permission]:  # type: ignore[empty-body]
    """Actions beyond the kernel's own that a policy can allow or refuse."""


@hookspec
def role_templates() -> Iterable[c.RoleTemplate]:  # type: ignore[empty-body]
    """Roles that a customer can start from."""


@hookspec
def scopes() -> Iterable[c.Scope]:  # type: ignore[empty-body]
    """Choices of records that policy lines can name."""


@hookspec
def field_sets() -> Iterable[c.NamedFieldSet]:  # type: ignore[empty-body]
    """Choices of fields that policy lines can name."""


@hookspec(firstresult=True)
def access_policy(tenon: Any) -> Policy | None:
    """The object that decides who may do what. At most one plugin gives it.

    Without one the kernel starts only with ``access = "open"``.
    """


# Integrations


@hookspec
def integrations() -> Iterable[c.Integration]:  # type: ignore[empty-body]
    """Systems that want to be told of events, reliably and in order."""


@hookspec
def subscribers() -> Iterable[c.Subscriber]:  # type: ignore[empty-body]
    """Functions of this plugin that are told of events after the commit."""


@hookspec
def jobs() -> Iterable[c.Job]:  # type: ignore[empty-body]
    """Work for the worker, by the clock or on demand."""


@hookspec
def health_checks() -> Iterable[c.HealthCheck]:  # type: ignore[empty-body]
    """What ``/readyz`` should look at."""


# User interface, commands, life cycle


@hookspec
def slots() -> Iterable[c.Slot]:  # type: ignore[empty-body]
    """What this plugin shows on pages: menu items, panels, columns, badges, widgets."""


@hookspec
def endpoints(tenon: Any) -> Iterable[c.Endpoint]:  # type: ignore[empty-body]
    """Routes of this plugin's own, beside the generic ones its entities have."""


@hookspec
def commands() -> Iterable[c.Command]:  # type: ignore[empty-body]
    """Commands run as ``tenon <plugin> <command>``."""


@hookspec
def seeds() -> Iterable[c.Seed]:  # type: ignore[empty-body]
    """Demo data for an empty database."""


@hookspec
def startup(tenon: Any) -> None:
    """Called once, after everything is composed and before the first request."""

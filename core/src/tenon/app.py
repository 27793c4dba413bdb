"""Composes the rooms into one deployment, and that into a Flask app."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Flask

from .access.limits import Bounds
from .access.log import AccessLog
from .access.logged import LoggedWatch, of_identity, of_system
from .access.net import SqliteNet
from .access.policy import Access, OpenPolicy, Policy
from .clock import Clock, SystemClock
from .errors import ConfigError
from .exchange import Exchange, HttpClient
from .identity.actor import Actor
from .identity.identity import Identity, IdentityOptions
from .messages import _
from .pipelines import Pipelines, Surroundings, check_pipeline, compile_pipelines, require_sound
from .plugin import contributions as c
from .plugin.loaded import LoadedPlugins
from .plugin.loader import load_plugins
from .records import userhistory
from .records.importing import Imports
from .records.records import Records
from .records.registry import Registry, build_type
from .settings import Settings, load_settings
from .storage.engine import Storage
from .storage.migrations import MigrationOwner, Migrations
from .storage.migrations.owners import kernel_owner

EXTENSION = "tenon"


@dataclass
class Tenon:
    """A composed deployment: every room, ready to use.

    ``app.extensions["tenon"]`` is one; jobs, subscribers and ``startup`` hooks are given it.
    """

    app: Flask
    settings: Settings
    clock: Clock
    plugins: LoadedPlugins
    storage: Storage
    migrations: Migrations
    identity: Identity
    access: Access
    records: Records
    imports: Imports
    exchange: Exchange
    pipelines: Pipelines
    access_log: AccessLog
    endpoints: tuple[tuple[str, c.Endpoint], ...] = field(default=())

    @property
    def http(self) -> HttpClient:
        """The one way to call another system."""
        return self.exchange.http

    @property
    def modes(self) -> frozenset[str]:
        return self.settings.modes


def compose(app: Flask, settings: Settings, clock: Clock, plugins: LoadedPlugins) -> Tenon:
    """The rooms, from the lowest up, each given what it stands on."""
    storage = Storage(app, settings.database.url, pool_size=settings.database.pool)
    identity = Identity(storage, clock, _identity_options(settings))
    access = Access(OpenPolicy())
    records = _records(settings, clock, plugins, storage, access)
    if settings.access_net == "on" and storage.dialect == "sqlite":
        records.net = SqliteNet(storage.engine)
    access_log = _access_log(settings, clock, records)
    access.watch = LoggedWatch(access_log, clock, _bounds(settings))
    identity.told.append(of_identity(access_log))
    records.system_used = of_system(access_log)
    identity.users.told.append(partial(userhistory.keep, records))
    outgoing: list[Exchange] = []
    pipelines = _pipelines(settings, plugins, records, lambda *args: outgoing[0].emit(*args))
    exchange = _exchange(settings, clock, plugins, pipelines, identity, records, access_log)
    outgoing.append(exchange)
    # what guards decide comes before what tells of it
    pipelines.subscribe()
    exchange.subscribe(records.signals)
    migrations = Migrations(storage, migration_owners(plugins))
    imports = Imports(records)
    tenon = Tenon(
        app,
        settings,
        clock,
        plugins,
        storage,
        migrations,
        identity,
        access,
        records,
        imports,
        exchange,
        pipelines,
        access_log,
    )
    exchange.bind(tenon)
    access.policy = _policy(tenon)
    return tenon


def _identity_options(settings: Settings) -> IdentityOptions:
    return IdentityOptions(
        session_lifetime=settings.session.lifetime,
        session_idle=settings.session.idle,
        tries_per_minute=settings.limits.sign_ins_per_minute,
        secret_key=settings.secret_key,
        deployment=settings.name,
        second_step=settings.session.require_totp,
        oidc=settings.oidc,
    )


def _pipelines(
    settings: Settings, plugins: LoadedPlugins, records: Records, emit: Callable[..., Any]
) -> Pipelines:
    definitions = compile_pipelines(
        plugins.contributions(c.Pipeline), plugins.contributions(c.PipelinePatch), settings.pipelines
    )
    checks = {check.key: check for _plugin, check in plugins.contributions(c.GuardCheck)}
    types = records.registry_without_customers
    around = Surroundings(
        fields=lambda entity: types[entity].fields if entity in types else None, checks=checks
    )
    found = [f for pipeline in definitions.pipelines.values() for f in check_pipeline(pipeline, around)]
    require_sound([*definitions.findings, *found])
    return Pipelines(records, definitions, checks=checks, emit=emit, last_activity=records.last_activity)


def _records(
    settings: Settings, clock: Clock, plugins: LoadedPlugins, storage: Storage, access: Access
) -> Records:
    def assign_owner(entity: str, values: Mapping[str, Any], actor: Actor) -> UUID | None:
        chosen = plugins.hook.assign_owner(entity, dict(values), actor)
        return UUID(str(chosen)) if chosen else actor.id

    return Records(
        storage,
        access,
        build_registry(plugins),
        clock,
        currency=settings.locale.currency,
        timezone=settings.locale.timezone,
        assign_owner=assign_owner,
        modes=settings.modes,
        private_tables=[table for _plugin, table in plugins.contributions(c.PrivateTable)],
    )


def _access_log(settings: Settings, clock: Clock, records: Records) -> AccessLog:
    def table_of(entity: str) -> sa.FromClause | None:
        types = records.registry_without_customers
        return types[entity].table if entity in types else None

    days = settings.limits.access_log_days
    return AccessLog(records.storage, clock, table_of=table_of, keep=timedelta(days=days) if days else None)


def _bounds(settings: Settings) -> Bounds:
    limits = settings.limits
    return Bounds(limits.reads_per_hour, limits.refuse_reads, limits.export_rows_per_day)


def _exchange(
    settings: Settings,
    clock: Clock,
    plugins: LoadedPlugins,
    pipelines: Pipelines,
    identity: Identity,
    records: Records,
    access_log: AccessLog,
) -> Exchange:
    from .rest.idempotency import FORGET

    own = [*pipelines.jobs(), *access_log.jobs(), FORGET]

    def visible(actor: Actor, entity: str, id_: UUID) -> bool:
        with records.reading(actor) as work:
            return bool(work.titles(entity, [id_]))

    return Exchange(
        records.storage,
        clock,
        subscribers=plugins.contributions(c.Subscriber),
        integrations=plugins.contributions(c.Integration),
        jobs=[*plugins.contributions(c.Job), *(("tenon", job) for job in own)],
        access=records.access,
        actor_of=identity.actor_for_user,
        visible=visible,
        http=HttpClient(allow=settings.outgoing.allow, timeout=settings.outgoing.timeout.total_seconds()),
    )


def build_registry(plugins: LoadedPlugins) -> Registry:
    """Every kind of record that the plugins contribute, with the extensions of it."""
    extensions = plugins.contributions(c.EntityExtension)
    return Registry(
        build_type(plugin, entity, [(p, e) for p, e in extensions if e.entity == entity.name])
        for plugin, entity in plugins.contributions(c.Entity)
    )


def migration_owners(plugins: LoadedPlugins) -> list[MigrationOwner]:
    """The kernel, then every plugin with tables, in load order."""
    owners = [kernel_owner()]
    for plugin in plugins.order:
        if plugin.migrations is not None:
            owners.append(MigrationOwner(plugin.name, plugin.migrations, f"{plugin.name}_"))
    return owners


def _policy(tenon: Tenon) -> Policy:
    """The policy a plugin gives; the open one only where the settings say so."""
    given = tenon.plugins.hook.access_policy(tenon)
    if given is not None:
        return given
    if tenon.settings.access == "open":
        return OpenPolicy()
    raise ConfigError(
        _("Nobody decides who may do what: no plugin gives an access policy"),
        hint=_(
            'Enable a policy plugin such as permissions, or set access = "open" in tenon.toml '
            "to let every signed-in user do everything."
        ),
    )


def create_tenon(
    settings: Settings | None = None, *, clock: Clock | None = None, plugins: LoadedPlugins | None = None
) -> Tenon:
    """A composed deployment without faces: for commands, workers and tests."""
    settings = settings or load_settings()
    app = Flask("tenon", static_folder=None)
    app.config.update(SECRET_KEY=settings.secret_key, MAX_CONTENT_LENGTH=settings.limits.max_upload)
    tenon = compose(app, settings, clock or SystemClock(), plugins or load_plugins(settings))
    app.extensions[EXTENSION] = tenon
    tenon.plugins.hook.startup(tenon)
    return tenon


def create_app(
    settings: Settings | None = None, *, clock: Clock | None = None, plugins: LoadedPlugins | None = None
) -> Flask:
    """The Flask app with every face. The schema must be current: ``SchemaError`` says what to run."""
    tenon = create_tenon(settings, clock=clock, plugins=plugins)
    tenon.migrations.ensure_current()
    add_faces(tenon)
    return tenon.app


def add_faces(tenon: Tenon) -> None:
    """Give the app its routes: the API, the pages, and what plugins bring."""
    from . import rest, web

    tenon.endpoints = tuple(tenon.plugins.hook.endpoints(tenon))
    rest.register(tenon.app, tenon)
    web.register(tenon.app, tenon)

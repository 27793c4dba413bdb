"""Joins the pages to the app: routes, templates, languages, security, errors."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, request
from flask_wtf import CSRFProtect
from jinja2 import ChoiceLoader, FileSystemLoader

from . import failures, templating
from .assets import STATIC, keep_hashed_files
from .context import EntityConverter
from .i18n import Catalogues
from .pages import (
    account,
    approvals,
    board,
    bulk,
    edit,
    export,
    history,
    home,
    imports,
    lists,
    lookup,
    merging,
    moves,
    preferences,
    record,
    search,
    tasks,
)
from .pages.settings import routes as settings_routes
from .security import SAFE_METHODS, guard_pages, refuse_other_sites
from .session import COOKIE_NAME, HOST_COOKIE_NAME, CookieSessions, load_actor, require_actor

if TYPE_CHECKING:
    from ..app import Tenon

API = "/api/"
PAGES = (
    home,
    search,
    tasks,
    approvals,
    preferences,
    imports,
    lists,
    bulk,
    export,
    lookup,
    edit,
    board,
    moves,
    merging,
    history,
    record,
)


def register(app: Flask, tenon: Tenon) -> None:
    """Mount the pages at ``/`` and plugins' own at ``/x/<plugin>``."""
    _configure(app, tenon)
    app.url_map.converters["entity"] = EntityConverter
    app.extensions["tenon_catalogues"] = Catalogues(
        ["tenon", *(plugin.package for plugin in tenon.plugins.order)]
    )
    csrf = CSRFProtect(app)
    blueprint = _blueprint()
    app.before_request(load_actor)
    blueprint.before_request(refuse_other_sites)
    blueprint.before_request(require_actor)
    _protect(blueprint, csrf)
    failures.handle(blueprint)
    app.register_blueprint(blueprint)
    _register_plugins(app, tenon, csrf)
    _add_templates(app, tenon)
    templating.prepare(app)
    failures.handle_unrouted(app, API)
    guard_pages(app)
    keep_hashed_files(app)


def _configure(app: Flask, tenon: Tenon) -> None:
    session = tenon.settings.session
    app.session_interface = CookieSessions()
    app.config.update(
        SESSION_COOKIE_NAME=HOST_COOKIE_NAME if session.secure_cookie else COOKIE_NAME,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=session.secure_cookie,
        PERMANENT_SESSION_LIFETIME=max(session.lifetime, timedelta(days=30)),
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )


def _blueprint() -> Blueprint:
    pages = Blueprint(
        "web", __name__, static_folder=str(STATIC), static_url_path="/static", template_folder="templates"
    )
    account.routes(pages)
    settings_routes(pages)
    for module in PAGES:
        module.routes(pages)
    return pages


def _protect(blueprint: Blueprint, csrf: CSRFProtect) -> None:
    """Every change needs the token; the API, which has no cookie, does not."""

    @blueprint.before_request
    def check_token() -> None:
        if request.method not in SAFE_METHODS:
            csrf.protect()


def _register_plugins(app: Flask, tenon: Tenon, csrf: CSRFProtect) -> None:
    for plugin, endpoint in tenon.endpoints:
        if endpoint.face != "web":
            continue
        endpoint.blueprint.before_request(refuse_other_sites)
        endpoint.blueprint.before_request(require_actor)
        _protect(endpoint.blueprint, csrf)
        failures.handle(endpoint.blueprint)
        app.register_blueprint(endpoint.blueprint, url_prefix=f"/x/{plugin}")


def _add_templates(app: Flask, tenon: Tenon) -> None:
    """Let plugins' templates be found in their own ``templates`` folders."""
    folders = [plugin.folder / "templates" for plugin in tenon.plugins.order]
    loaders = [FileSystemLoader(folder) for folder in folders if folder.is_dir()]
    app.jinja_env.loader = ChoiceLoader([app.jinja_env.loader, *loaders])  # type: ignore[list-item]

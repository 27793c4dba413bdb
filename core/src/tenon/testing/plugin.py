"""Fixtures for the tests of plugins: a composed deployment on a fresh database, and ways to use it.

In ``pyproject.toml`` (or ``pytest.ini``) a plugin says what its tests run with::

    [tool.pytest.ini_options]
    tenon_plugins = ["machines"]          # switched on in every test; the kernel alone unless given
    tenon_modes = ["b2b"]                 # both unless given
    tenon_database = "postgresql://…"     # a server; a SQLite file for each test unless given

A single test differs by ``@pytest.mark.tenon(plugins=[…], modes=[…])``; other settings may stand
there too. Nothing of Tenon is imported until a test asks for one of the fixtures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from ..app import Tenon
    from ..clock import ManualClock
    from ..identity.actor import Actor
    from ..settings import Settings
    from .api_client import ApiClient
    from .deployments import Deployments
    from .events import Events

MARKER = "tenon(plugins, modes, …): settings that the deployment of this test has, by keyword"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the ini options."""
    parser.addini("tenon_plugins", "Plugins that are switched on in tests.", type="args", default=[])
    parser.addini("tenon_modes", "Modes that are switched on in tests.", type="args", default=["b2b", "b2c"])
    parser.addini("tenon_database", "sqlite, or the URL of a PostgreSQL server.", default="sqlite")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def tenon_deployments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployments]:
    """Composes deployments; migrates once for each set of plugins and copies the result."""
    from .deployments import Deployments

    made = Deployments(tmp_path_factory.mktemp("tenon"))
    yield made
    made.close()


@pytest.fixture
def tenon_database(request: pytest.FixtureRequest) -> str:
    """``sqlite``, or the URL of a PostgreSQL server on which databases may be made."""
    return str(request.config.getini("tenon_database"))


@pytest.fixture
def tenon_settings(request: pytest.FixtureRequest) -> Settings:
    """The settings of the test's deployment, from the ini options and the marker ``tenon``."""
    from ..settings import Settings

    options: dict[str, Any] = {
        "plugins": request.config.getini("tenon_plugins"),
        "modes": request.config.getini("tenon_modes"),
    }
    marker = request.node.get_closest_marker("tenon")
    return Settings.for_tests(**(options | (marker.kwargs if marker else {})))


@pytest.fixture
def clock() -> ManualClock:
    """The deployment's clock, which stands still until it is moved."""
    from ..clock import ManualClock

    return ManualClock()


@pytest.fixture
def tenon(
    tenon_deployments: Deployments, tenon_settings: Settings, tenon_database: str, clock: ManualClock
) -> Iterator[Tenon]:
    """A composed deployment on a fresh, migrated database."""
    made = tenon_deployments.compose(tenon_settings, tenon_database, clock)
    yield made
    tenon_deployments.discard(made)


@pytest.fixture
def tenon_app(tenon: Tenon) -> Flask:
    """The Flask app of the deployment, with API and pages."""
    from ..app import add_faces

    add_faces(tenon)
    tenon.app.testing = True
    return tenon.app


@pytest.fixture
def as_role(tenon: Tenon) -> Callable[..., Actor]:
    """Make a user and get the Actor they are: ``as_role("seller")``, ``as_role(admin=True)``."""
    from .people import make_actor

    def made(*roles: str, **details: Any) -> Actor:
        return make_actor(tenon, roles, **details)

    return made


@pytest.fixture
def actor(as_role: Callable[..., Actor]) -> Actor:
    """Somebody who works there, without any role, who can sign in."""
    from .people import PASSWORD

    return as_role(name="Anna Example", email="anna@example.com", password=PASSWORD)


@pytest.fixture
def client(tenon_app: Flask) -> FlaskClient:
    """A browser without JavaScript: Flask's test client, with nobody signed in."""
    return tenon_app.test_client()


@pytest.fixture
def signed_in(tenon: Tenon, client: FlaskClient, actor: Actor) -> FlaskClient:
    """The ``client``, with ``actor`` signed in."""
    from .people import sign_in

    sign_in(tenon, client, str(actor.email))
    return client


@pytest.fixture
def api(tenon: Tenon, tenon_app: Flask, actor: Actor) -> ApiClient:
    """The API as ``actor``, with a key of theirs; ``api.acting_as(other)`` is somebody else's."""
    from .api_client import ApiClient

    return ApiClient.of(tenon, actor)


@pytest.fixture
def events(tenon: Tenon) -> Events:
    """What happened in the test so far; ``events.run_worker()`` lets the worker do what is due."""
    from .events import Events

    return Events(tenon)


@pytest.fixture
def tenon_empty_sqlite(tenon_deployments: Deployments) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return tenon_deployments.empty("sqlite")


@pytest.fixture
def tenon_empty_postgres(request: pytest.FixtureRequest, tenon_deployments: Deployments) -> str:
    """The URL of an empty PostgreSQL database, on the server that ``tenon_database`` names.

    A suite that has a fixture ``postgres_url`` of its own gets its database from there. Without
    either the test is skipped.
    """
    server = str(request.config.getini("tenon_database"))
    if server != "sqlite":
        return tenon_deployments.empty(server)
    try:
        return str(request.getfixturevalue("postgres_url"))
    except pytest.FixtureLookupError:
        pytest.skip('no PostgreSQL: set tenon_database = "postgresql://USER@HOST/postgres" for pytest')

"""The company that every attack is tried on: see tests/access/company.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tenon.app import Tenon, add_faces
from tenon.settings import Settings
from tenon.testing.deployments import Deployments
from tests.access.company import SETTINGS, Company, company


@pytest.fixture
def tenon_settings() -> Settings:
    return SETTINGS


@pytest.fixture
def firm(tenon: Tenon, tenon_app: Flask) -> Company:
    """A company of the test's own, to be changed."""
    return company(tenon)


@pytest.fixture(scope="module")
def still(tenon_deployments: Deployments) -> Iterator[Company]:
    """A company in which nothing is changed."""
    tenon = tenon_deployments.compose(SETTINGS)
    add_faces(tenon)
    tenon.app.testing = True
    yield company(tenon)
    tenon_deployments.discard(tenon)

"""The API against its own document: schemathesis finds no answer that the document does not have.

Accounts and what concerns no kind of record are tried with every boundary of every schema, the other
kinds with a few random requests. ``TENON_FUZZ=200`` tries everything with boundaries and that many more.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup

# schemathesis' own pytest plugin does not run on pytest 9; this is what it is made of.
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test

from tenon.app import Tenon, add_faces
from tenon.settings import Settings
from tenon.testing.deployments import Deployments
from tenon.testing.people import make_actor

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FUZZ = int(os.environ.get("TENON_FUZZ", "0"))
PATIENCE = 7200 if FUZZ else 600
DEEP = {
    "no kind": r"^/($|me$|search$|openapi\.json$|pipelines|approvals|merges)",
    # A filter has a thousand boundaries, so that lists and sums are among the shallow.
    "accounts": r"^/accounts/(?!sums)",
    "plugins": r"^/x/",
}
SHALLOW = (
    "accounts",
    "account-contacts", "activities", "contacts", "opportunities", "order-lines",
    "orders", "parties", "products", "tasks", "teams", "users",
)  # fmt: skip
CHECKS = {
    # What every schema allows may still name a record that is not there.
    "positive_data_acceptance": {"enabled": False},
    # RFC 6585: a missing If-Match is 428.
    "missing_required_header": {"expected-statuses": [428]},
    # A version that is not the record's is told before what else is wrong.
    "negative_data_rejection": {"expected-statuses": [400, 401, 404, 409, 412, 415, 422, 428]},
}


load_all_checks()


class Served:
    """A deployment with both faces, and a key to its API."""

    def __init__(self, deployments: Deployments, server: str) -> None:
        plain = Settings.for_tests(plugins=["b2b_accounts"], limits={"requests_per_minute": 0})
        self.tenon: Tenon = deployments.compose(plain, server)
        add_faces(self.tenon)
        user = make_actor(self.tenon).id
        assert user is not None
        _row, key = self.tenon.identity.create_api_key(user, "contract")
        self.headers = {"Authorization": f"Bearer {key}"}

    def failures(
        self, paths: str, *, examples: int = 3, boundaries: bool, app: WSGIApplication | None = None
    ) -> str:
        """What answers differently from what the document says, of the operations at ``paths``."""
        config = SchemathesisConfig.from_dict({"seed": 1, "checks": CHECKS})
        whole = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app or self.tenon.app, config=config)
        found: dict[str, str] = {}

        def answers_as_documented(case: schemathesis.Case) -> None:
            try:
                case.call_and_validate(headers=self.headers)
            except FailureGroup as group:
                for failure in group.exceptions:
                    found.setdefault(f"{case.operation.label}: {failure}", str(group))

        modes = [HypothesisTestMode.FUZZING]
        modes += [HypothesisTestMode.EXAMPLES, HypothesisTestMode.COVERAGE] if boundaries or FUZZ else []
        plan = HypothesisTestConfig(
            project=whole.config,
            modes=modes,
            seed=1,
            settings=settings(
                max_examples=FUZZ or examples,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.explicit, Phase.generate],
            ),
        )
        operations = [found.ok() for found in whole.include(path_regex=paths).get_all_operations()]
        assert operations, f"the document has nothing at {paths}"
        for operation in operations:
            create_test(operation=operation, test_func=answers_as_documented, config=plan)()
        return "\n".join(found.values())


@pytest.fixture(scope="module")
def on_sqlite(tenon_deployments: Deployments) -> Iterator[Served]:
    made = Served(tenon_deployments, "sqlite")
    yield made
    tenon_deployments.discard(made.tenon)


@pytest.fixture(scope="module")
def on_postgres(tenon_deployments: Deployments, request: pytest.FixtureRequest) -> Iterator[Served]:
    server = request.getfixturevalue("postgres_server").render_as_string(hide_password=False)
    made = Served(tenon_deployments, server)
    yield made
    tenon_deployments.discard(made.tenon)


@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("what", DEEP)
def test_accounts_answer_as_documented_at_every_boundary(on_sqlite: Served, what: str) -> None:
    assert on_sqlite.failures(DEEP[what], boundaries=True) == ""


@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("collection", SHALLOW)
def test_every_kind_of_record_answers_as_documented(on_sqlite: Served, collection: str) -> None:
    assert on_sqlite.failures(f"^/{collection}(/|$)", boundaries=False) == ""


@pytest.mark.timeout(PATIENCE)
def test_postgresql_answers_as_documented(on_postgres: Served) -> None:
    assert on_postgres.failures("^/(opportunities|orders)(/|$)", boundaries=False) == ""


@pytest.mark.timeout(PATIENCE)
def test_an_answer_that_is_not_documented_is_found(on_sqlite: Served) -> None:
    app = on_sqlite.tenon.app

    def surprising(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status.replace("404 NOT FOUND", "410 GONE"), headers, exc_info)

        return app(environ, start)

    found = on_sqlite.failures("^/merges", boundaries=False, app=surprising)
    assert "Undocumented status code" in found


def test_every_kind_of_record_is_tried(on_sqlite: Served) -> None:
    collections = set(on_sqlite.tenon.records.registry.collections)
    assert collections == set(SHALLOW)

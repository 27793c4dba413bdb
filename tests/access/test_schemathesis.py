"""The API as each kind of person: no answer that its document does not have, none with what they may not see.

Each is held to the document that their own key gets. Two random requests to the operations on a few
kinds of record belong to the suite; ``TENON_FUZZ=200`` tries all of them, with every boundary of every
schema and that many requests more.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test

from tenon.app import Tenon, add_faces
from tenon.testing.deployments import Deployments
from tests.access.company import PLAIN, SECRET, SETTINGS, Company, company
from tests.rest.test_contract import CHECKS

FUZZ = int(os.environ.get("TENON_FUZZ", "0"))
PATIENCE = 7200 if FUZZ else 300
WHAT = "" if FUZZ else r"^/($|me$|search$|merges|approvals|accounts|opportunities|tasks|users|x/)"
PERSONAS = {
    "rep": [SECRET],
    "manager": [SECRET],
    "boss": [],
    "reader": [SECRET],
    "nobody": [SECRET, PLAIN],
}
"""The words that each of them must not read. The reader is the rep's key that reads everything."""

# Who may not do a thing at all is told that before what is wrong with how they asked.
FORBIDDEN_FIRST = [*CHECKS["negative_data_rejection"]["expected-statuses"], 403]
HELD_TO = CHECKS | {"negative_data_rejection": {"expected-statuses": FORBIDDEN_FIRST}}

load_all_checks()


@pytest.fixture
def firm(tenon_deployments: Deployments) -> Iterator[Company]:
    tenon: Tenon = tenon_deployments.compose(SETTINGS)
    add_faces(tenon)
    yield company(tenon)
    tenon_deployments.discard(tenon)


def headers_of(firm: Company, persona: str) -> dict[str, str]:
    who, scopes = ("rep", ["*:read"]) if persona == "reader" else (persona, None)
    user = firm.people[who].id
    assert user is not None
    return {
        "Authorization": f"Bearer {firm.tenon.identity.create_api_key(user, 'contract', scopes=scopes)[1]}"
    }


class Asked:
    """Requests in somebody's name: what was answered differently from the document, and what leaked."""

    def __init__(self, firm: Company, persona: str, hidden: list[str]) -> None:
        self.headers = headers_of(firm, persona)
        self.hidden = hidden
        self.answers = 0
        self.wrong: dict[str, str] = {}
        self.leaks: list[str] = []
        self._ids = [*firm.hidden.values(), *firm.own.values()]
        self._chance = random.Random(1)

    def ask(self, case: schemathesis.Case) -> None:
        # A random id is of nothing: one of somebody's record leads further.
        if "id" in case.path_parameters and self._chance.random() < 0.7:
            case.path_parameters["id"] = self._chance.choice(self._ids)
        answer = case.call(headers=self.headers)
        self.answers += 1
        try:
            case.validate_response(answer, headers=self.headers)
        except FailureGroup as group:
            for failure in group.exceptions:
                self.wrong.setdefault(f"{case.operation.label}: {failure}", str(group))
        for word in self.hidden:
            if word in answer.text:
                self.leaks.append(
                    f"{case.operation.label} answered {answer.status_code}: {answer.text[:300]}"
                )


def ask_everything(
    firm: Company, persona: str, hidden: list[str], *, document_of: str, paths: str = WHAT
) -> Asked:
    """A few requests to every operation of the document that somebody gets."""
    asked = Asked(firm, persona, hidden)
    config = SchemathesisConfig.from_dict({"seed": 1, "checks": HELD_TO})
    whole = schemathesis.openapi.from_wsgi(
        "/api/v1/openapi.json", firm.tenon.app, config=config, headers=headers_of(firm, document_of)
    )
    modes = [HypothesisTestMode.FUZZING]
    modes += [HypothesisTestMode.EXAMPLES, HypothesisTestMode.COVERAGE] if FUZZ else []
    plan = HypothesisTestConfig(
        project=whole.config,
        modes=modes,
        seed=1,
        settings=settings(
            max_examples=FUZZ or 2,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],
        ),
    )
    operations = [found.ok() for found in whole.include(path_regex=paths).get_all_operations()]
    for operation in operations:
        create_test(operation=operation, test_func=asked.ask, config=plan)()
    assert asked.answers >= len(operations) > 2
    return asked


@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("persona", PERSONAS)
def test_nobody_gets_an_answer_that_is_not_documented_or_not_theirs(firm: Company, persona: str) -> None:
    asked = ask_everything(firm, persona, PERSONAS[persona], document_of=persona)
    assert "\n".join(asked.wrong.values()) == ""
    assert asked.leaks == []


@pytest.mark.timeout(PATIENCE)
def test_who_knows_of_more_than_they_may_gets_no_more(firm: Company) -> None:
    """Somebody without a role gets a short document; here they have that of the head of the company."""
    asked = ask_everything(firm, "nobody", PERSONAS["nobody"], document_of="boss")
    assert "\n".join(asked.wrong.values()) == ""
    assert asked.leaks == []


@pytest.mark.timeout(PATIENCE)
def test_what_they_may_not_see_would_be_found(firm: Company) -> None:
    """The control: those who may see it get it by the same requests."""
    assert ask_everything(firm, "boss", [SECRET], document_of="boss", paths=r"^/accounts").leaks

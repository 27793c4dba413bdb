"""Laws of decisions: what lines add and take away, and which fields anybody may use."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins.permissions.tests.sizes import size
from tenon.api import Actor, NamedFieldSet, new_id
from tenon_permissions.document import PolicyDocument, Role
from tenon_permissions.line import ALL, ALLOW, DENY, Line
from tenon_permissions.names import Names
from tenon_permissions.snapshot import ALWAYS, Snapshot

ROLES = ("a", "b", "c")
SCOPES = ("all", "none", "own", "team", "granted", "unowned")
FIELDS = frozenset({"name", "phone", "revenue", "custom.size", "custom.tax"})
SETS = {
    "few": NamedFieldSet("few", "Few", show={"account": ("name",)}),  # type: ignore[arg-type]
    "calls": NamedFieldSet("calls", "Calls", show={"account": ("name", "phone")}),  # type: ignore[arg-type]
    "quiet": NamedFieldSet("quiet", "Quiet", hide={"*": ("revenue", "custom.*")}),  # type: ignore[arg-type]
}
SAMPLE = size(200, 3000)
LAW = settings(
    max_examples=SAMPLE, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

tokens = st.tuples(
    st.sampled_from(ROLES),
    st.sampled_from(["*", "b2b", "b2c"]),
    st.sampled_from(["account", "*", "**", "contact", "team"]),
    st.sampled_from(["read", "*", "update"]),
    st.sampled_from(SCOPES),
    st.sampled_from(["all", "few", "calls", "quiet"]),
    st.sampled_from([ALLOW, ALLOW, ALLOW, DENY]),
).map(lambda found: Line(*found))
policies = st.lists(tokens, max_size=8)
records = st.frozensets(st.sampled_from([s for s in SCOPES if s not in ("all", "none")])).map(
    lambda scopes: scopes | {"all"}
)
"""A record as the scopes that it is in."""
role_sets = st.frozensets(st.sampled_from(ROLES), min_size=1)


@pytest.fixture(scope="module")
def names(tenon_deployments) -> Names:
    from tenon.settings import Settings

    plain = Settings.for_tests(plugins=["b2b_accounts", "permissions"], access="policy", modes=["b2b"])
    tenon = tenon_deployments.compose(plain)
    yield tenon.access.policy.names
    tenon_deployments.discard(tenon)


def snapshot_of(lines: list[Line], names: Names) -> Snapshot:
    return Snapshot("test", PolicyDocument({r: Role(r, r) for r in ROLES}, SETS, tuple(lines)), names)


def decided(snapshot: Snapshot, roles: frozenset[str], record: frozenset[str]) -> bool:
    decision = snapshot.decide(roles, "account", "read")
    return decision.allows("account", "read", lambda scope, _eft: scope in record)


def usable(snapshot: Snapshot, roles: frozenset[str]) -> frozenset[str]:
    found = snapshot.fields(snapshot.decide(roles, "account", "read"), "account", FIELDS, "account").paths
    return FIELDS if found is None else found - ALWAYS


def shown(snapshot: Snapshot, roles: frozenset[str], record: frozenset[str]) -> set[str]:
    """The fields of one record that somebody gets to see."""
    return set(usable(snapshot, roles)) if decided(snapshot, roles, record) else set()


def concerns(line: Line, roles: frozenset[str]) -> bool:
    """Said again, and more plainly than the plugin says it."""
    kinds = ("account", "*", "**")
    return line.sub in roles and line.dom in ("*", "b2b") and line.obj in kinds and line.act in ("read", "*")


@cache
def given_by(fields: str) -> frozenset[str]:
    hidden = frozenset({"revenue", "custom.size", "custom.tax"})
    return {
        "all": FIELDS,
        "few": frozenset({"name"}),
        "calls": frozenset({"name", "phone"}),
        "quiet": FIELDS - hidden,
    }[fields]


@LAW
@given(lines=policies, roles=role_sets, record=records)
def test_a_record_is_allowed_by_an_allow_line_and_no_deny_line(names, lines, roles, record) -> None:
    reaching = [line for line in lines if concerns(line, roles) and line.scope in record]
    allowed = any(line.eft == ALLOW for line in reaching)
    denied = any(line.eft == DENY and line.fields == ALL for line in reaching)
    assert decided(snapshot_of(lines, names), roles, record) == (allowed and not denied)


@LAW
@given(lines=policies, roles=role_sets, record=records)
def test_no_field_of_a_record_is_shown_that_no_line_gives(names, lines, roles, record) -> None:
    """However roles come together: each field seen of a record is in one line that allows that record."""
    found = shown(snapshot_of(lines, names), roles, record)
    allowing = [
        line for line in lines if concerns(line, roles) and line.eft == ALLOW and line.scope in record
    ]
    for path in found:
        assert any(path in given_by(line.fields) for line in allowing), (path, allowing)


@LAW
@given(lines=policies, roles=role_sets, record=records)
def test_what_a_deny_line_takes_is_not_there(names, lines, roles, record) -> None:
    taking = [line for line in lines if concerns(line, roles) and line.eft == DENY and line.fields != ALL]
    taken = frozenset().union(*(given_by(line.fields) for line in taking))
    assert not shown(snapshot_of(lines, names), roles, record) & taken


@LAW
@given(lines=policies, more=tokens, roles=role_sets, record=records)
def test_an_allow_line_takes_no_record_away(names, lines, more, roles, record) -> None:
    before = decided(snapshot_of(lines, names), roles, record)
    after = decided(snapshot_of([*lines, more._replace(eft=ALLOW)], names), roles, record)
    assert after >= before


@LAW
@given(lines=policies, more=tokens, roles=role_sets, record=records)
def test_a_deny_line_gives_nothing(names, lines, more, roles, record) -> None:
    before = snapshot_of(lines, names)
    after = snapshot_of([*lines, more._replace(eft=DENY)], names)
    assert decided(after, roles, record) <= decided(before, roles, record)
    assert shown(after, roles, record) <= shown(before, roles, record)


@LAW
@given(lines=policies, more=tokens, roles=role_sets, record=records)
def test_a_line_that_gives_every_field_of_every_record_takes_no_field_away(
    names, lines, more, roles, record
) -> None:
    whole = more._replace(eft=ALLOW, scope=ALL, fields=ALL)
    before, after = snapshot_of(lines, names), snapshot_of([*lines, whole], names)
    assert shown(after, roles, record) >= shown(before, roles, record)


@LAW
@given(lines=policies, roles=role_sets, record=records)
def test_the_order_of_lines_does_not_matter(names, lines, roles, record) -> None:
    there, back = snapshot_of(lines, names), snapshot_of(lines[::-1], names)
    assert decided(there, roles, record) == decided(back, roles, record)
    assert usable(there, roles) == usable(back, roles)


@LAW
@given(lines=policies, roles=role_sets, record=records)
def test_of_allow_lines_each_role_adds_records(names, lines, roles, record) -> None:
    snapshot = snapshot_of([line._replace(eft=ALLOW) for line in lines], names)
    for some in combinations(sorted(roles), len(roles) - 1):
        if some:
            assert decided(snapshot, roles, record) >= decided(snapshot, frozenset(some), record)


@LAW
@given(lines=policies, roles=role_sets)
def test_whether_at_all_is_true_of_whoever_may_do_it_to_some_record(names, lines, roles) -> None:
    """A kind that nobody may see at all hides no record that somebody may."""
    snapshot = snapshot_of(lines, names)
    every = [frozenset(c) | {"all"} for n in range(5) for c in combinations(SCOPES[2:], n)]
    some = any(decided(snapshot, roles, record) for record in every)
    assert snapshot.decide(roles, "account", "read").allowed >= some


def naive(snapshot: Snapshot, roles: frozenset[str], record: frozenset[str]) -> set[str]:
    """The fields of every line together, as one puts them together first."""
    lines = [line for line in snapshot.document.lines if concerns(line, roles) and line.eft == ALLOW]
    found: frozenset[str] = frozenset().union(*(given_by(line.fields) for line in lines))
    return set(found) if decided(snapshot, roles, record) else set()


def test_the_fields_of_all_lines_together_would_show_too_much(names) -> None:
    """The control: all fields of one's own, and few of everybody's, are not all fields of everybody's."""
    lines = [
        Line("a", "*", "account", "read", "own", "all", ALLOW),
        Line("b", "*", "account", "read", "all", "few", ALLOW),
    ]
    snapshot, both, foreign = snapshot_of(lines, names), frozenset({"a", "b"}), frozenset({"all"})
    assert "revenue" in naive(snapshot, both, foreign)
    assert shown(snapshot, both, foreign) == {"name"}


def test_a_star_leaves_out_who_works_here_and_two_stars_do_not(names) -> None:
    for obj, may in (("*", False), ("**", True), ("team", True)):
        snapshot = snapshot_of([Line("a", "*", obj, "read", "all", "all", ALLOW)], names)
        assert snapshot.decide(frozenset({"a"}), "team", "read").allowed is may


def test_a_line_of_a_mode_that_is_off_says_nothing(names) -> None:
    snapshot = snapshot_of([Line("a", "b2c", "account", "read", "all", "all", ALLOW)], names)
    assert not snapshot.decide(frozenset({"a"}), "account", "read").allowed


def test_an_administrator_is_somebody_marked_as_one_and_nobody_else(sales) -> None:
    snapshot = sales.policy.snapshot
    people: list[tuple[Any, bool]] = [
        (Actor(new_id(), "Ada", admin=True), True),
        (Actor(new_id(), "Mal", roles=frozenset({"admin"})), False),
    ]
    for person, may in people:
        roles = snapshot.roles(person.roles, admin=person.admin)
        assert snapshot.decide(roles, "team", "update").allowed is may

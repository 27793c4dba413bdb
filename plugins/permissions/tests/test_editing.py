"""Forms change what they show and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenon_permissions.document import PolicyDocument, Role
from tenon_permissions.editing import Cell, cells, other_scopes, special, with_cells, with_fields
from tenon_permissions.line import Line

QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
LINES = st.lists(
    st.builds(
        Line,
        sub=st.sampled_from(["sales", "boss"]),
        dom=st.sampled_from(["*", "*", "*", "b2b"]),
        obj=st.sampled_from(["*", "account", "opportunity"]),
        act=st.sampled_from(["*", "read", "update"]),
        scope=st.sampled_from(["own", "all", "granted", "unowned", "none", "via:account_id"]),
        fields=st.sampled_from(["all", "all", "few"]),
        eft=st.sampled_from(["allow", "allow", "allow", "deny"]),
    ),
    max_size=15,
).map(tuple)  # fmt: skip
ROLES = {key: Role(key, key) for key in ("sales", "boss")}


@pytest.fixture(scope="module")
def names(tenon_deployments):
    from tenon.settings import Settings

    made = tenon_deployments.compose(
        Settings.for_tests(plugins=["b2b_accounts", "permissions"], access="policy")
    )
    yield made.access.policy.names
    tenon_deployments.discard(made)


@QUICK
@given(lines=LINES, obj=st.sampled_from(["*", "account", "opportunity"]))
def test_a_grid_that_is_sent_as_it_was_shown_changes_nothing(names, lines, obj):
    before = PolicyDocument(ROLES, {}, lines)
    assert with_cells(before, "sales", obj, cells(before, "sales", obj, names), names) == before


@QUICK
@given(lines=LINES, data=st.data())
def test_a_grid_shows_what_was_sent_and_leaves_the_rest(names, lines, data):
    before = PolicyDocument(ROLES, {}, lines)
    apart = {(line.obj, line.act) for line in special(before, "sales", names)}
    scopes = st.frozensets(st.sampled_from(other_scopes(names, "account")), max_size=3)
    cell = st.builds(Cell, st.sampled_from(["", "own", "all"]), scopes, st.sampled_from(["all", "few"]))
    wanted = {
        act: made
        for act in ("*", "read", "update")
        if ("account", act) not in apart and (made := data.draw(cell)).scopes
    }
    after = with_cells(before, "sales", "account", wanted, names)
    assert cells(after, "sales", "account", names) == wanted
    assert special(after, "sales", names) == special(before, "sales", names)
    others = [x for x in lines if (x.sub, x.obj) != ("sales", "account")]
    assert [x for x in after.lines if (x.sub, x.obj) != ("sales", "account")] == others


@QUICK
@given(lines=LINES)
def test_every_line_is_in_a_cell_or_among_the_special_ones(names, lines):
    document = PolicyDocument(ROLES, {}, lines)
    apart = set(special(document, "sales", names))
    for line in lines:
        cell = cells(document, "sales", line.obj, names).get(line.act)
        if line.sub == "sales" and line not in apart:
            assert cell is not None
            assert line.scope in cell.scopes


def test_fields_that_come_later_are_shown_or_hidden_as_chosen(names):
    from tenon.api import NamedFieldSet
    from tenon_permissions.snapshot import Snapshot

    before = PolicyDocument({}, {"few": NamedFieldSet("few", "Few", show={"*": ("name",)})}, ())  # type: ignore[arg-type]
    for rest in (True, False):
        after = with_fields(
            before, "few", "account", {"name", "owner_id"}, ["name", "owner_id", "phone"], rest=rest
        )
        given_now = Snapshot("x", after, names).given(
            "few", "account", frozenset({"name", "owner_id", "phone", "new"})
        )
        assert given_now == {"name", "owner_id"} | ({"new"} if rest else set())
        others = Snapshot("x", after, names).given("few", "contact", frozenset({"name", "phone"}))
        assert others == {"name"}

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tenon.plugin.order import dependents, load_order

NAMES = st.sampled_from([f"p{number}" for number in range(12)])
GRAPHS = st.dictionaries(NAMES, st.sets(NAMES, max_size=4), max_size=12)


@st.composite
def acyclic(draw):
    names = draw(st.lists(NAMES, unique=True, max_size=12))
    before = [st.sets(st.sampled_from(names[:at])) if at else st.just(set()) for at in range(len(names))]
    return {name: draw(earlier) for name, earlier in zip(names, before, strict=True)}


@given(acyclic())
def test_every_need_comes_before_what_needs_it(needs):
    order, cycles = load_order(needs)
    assert not cycles
    assert sorted(order) == sorted(needs)
    for name, wanted in needs.items():
        assert all(order.index(need) < order.index(name) for need in wanted)


@given(GRAPHS, st.integers())
def test_the_order_does_not_depend_on_how_the_needs_are_listed(needs, seed):
    items = list(needs.items())
    random.Random(seed).shuffle(items)
    assert load_order(dict(items)) == load_order(needs)


@given(acyclic())
def test_names_break_ties(needs):
    order, _ = load_order(needs)
    for first, second in pairwise(order):
        # A later name stands first only where the earlier one had to wait for it.
        could_have_come = needs[second] <= set(order[: order.index(first)])
        assert first < second or not could_have_come


@given(GRAPHS)
def test_a_cycle_is_a_way_from_a_plugin_back_to_itself(needs):
    order, cycles = load_order(needs)
    for cycle in cycles:
        assert cycle[0] == min(cycle)
        assert len(set(cycle)) == len(cycle)
        for name, need in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
            assert need in needs[name]
    missing = set(needs) - set(order)
    assert bool(missing) == bool(cycles)


@given(GRAPHS)
def test_whatever_is_not_in_the_order_is_in_a_cycle_or_behind_one(needs):
    order, cycles = load_order(needs)
    knots = {name for cycle in cycles for name in cycle}
    assert set(needs) - set(order) == (knots | set(dependents(knots, needs)))


def test_two_circles_are_both_named():
    needs = {"a": {"c", "b"}, "c": {"a"}, "b": {"d"}, "d": {"b"}}
    assert load_order(needs) == ([], [["a", "c"], ["b", "d"]])


def test_without_any_order_ties_would_fall_to_chance():
    # The control: sorting by number of needs alone puts z before what it needs.
    needs = {"z": {"y"}, "y": {"x", "w"}, "x": set(), "w": set()}
    naive = sorted(needs, key=lambda name: len(needs[name]))
    assert naive.index("z") < naive.index("y")
    assert load_order(needs)[0] == ["w", "x", "y", "z"]


@given(GRAPHS, st.sets(NAMES))
def test_dependents_are_all_that_can_reach_a_name(needs, names):
    found = dependents(names, needs)
    for name, needed in found.items():
        assert needed in needs[name]
        assert needed in names or needed in found
    for name, wanted in needs.items():
        if name not in names and name not in found:
            assert not wanted & (names | set(found))

"""Compiling pipelines, patches and a customer's settings."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tenon.messages import _
from tenon.pipelines import PipelinesError, compile_pipelines, require_sound
from tenon.plugin.contributions import (
    AddGuard,
    AddTransition,
    DisableStage,
    Guard,
    InsertStage,
    Pipeline,
    PipelinePatch,
    RelabelStage,
    Stage,
    Transition,
)
from tests.pipelines.sales import FREE, LINE, STAGES, strict

LEGAL = Stage("legal", _("Legal review"), probability=80)


def compiled(*changes, customer=None, pipeline=FREE):
    patches = [("law", PipelinePatch("sales", changes))] if changes else []
    return compile_pipelines([("b2b", pipeline)], patches, {"sales": customer} if customer else None)


def codes(definitions):
    return [finding.code for finding in definitions.findings]


def test_stages_keep_their_order_and_know_their_plugin():
    sales = compiled().pipelines["sales"]
    assert list(sales.stages) == ["prospect", "engage", "offer", "won", "lost"]
    assert str(sales.stages["offer"].origin) == "b2b: pipeline sales"


def test_a_patch_inserts_after_a_stage_and_is_named_as_its_origin():
    sales = compiled(InsertStage(LEGAL, after="offer")).pipelines["sales"]
    assert list(sales.stages) == ["prospect", "engage", "offer", "legal", "won", "lost"]
    assert str(sales.stages["legal"].origin) == "law: patch of sales, change 1"


def test_a_patch_without_a_place_inserts_first():
    assert compiled(InsertStage(LEGAL, after="")).pipelines["sales"].first.key == "legal"


def test_patches_apply_in_order_and_remember_each_part():
    sales = compiled(
        RelabelStage("offer", _("Quote")),
        AddGuard("offer", entry=Guard(requires=("amount",)), exit=Guard(requires=("owner_id",))),
    ).pipelines["sales"]
    offer = sales.stages["offer"]
    assert offer.label == "Quote"
    assert [rule.guard.requires for rule in offer.entry] == [("close_date",), ("amount",)]
    assert [(what, str(origin)) for what, origin in offer.parts] == [
        ("stage", "b2b: pipeline sales"),
        ("label", "law: patch of sales, change 1"),
        ("guard", "law: patch of sales, change 2"),
    ]


def test_a_disabled_stage_takes_its_transitions_along_and_says_where_records_go():
    sales = compiled(
        DisableStage("engage", move_to="offer"),
        AddTransition(Transition("prospect", "offer")),
        pipeline=strict(*LINE),
    ).pipelines["sales"]
    assert "engage" not in sales.stages
    assert sales.settled("engage") == "offer"
    assert [(t.source, t.target) for t in sales.transitions] == [
        ("offer", "won"),
        ("*", "lost"),
        ("prospect", "offer"),
    ]


def test_a_chain_of_disabled_stages_ends_at_one_that_is_there():
    sales = compiled(DisableStage("prospect", "engage"), DisableStage("engage", "offer")).pipelines["sales"]
    assert sales.settled("prospect") == "offer"


def test_free_pipelines_lead_anywhere_from_open_stages_and_back_from_closed_ones():
    sales = compiled().pipelines["sales"]
    assert sales.allows("prospect", "won")
    assert sales.allows("won", "engage")
    assert not sales.allows("won", "lost")
    assert not sales.allows("offer", "offer")


def test_declared_moves_are_the_only_ones():
    sales = compiled(pipeline=strict(*LINE)).pipelines["sales"]
    assert [stage.key for stage in sales.targets("prospect")] == ["engage", "lost"]
    assert [stage.key for stage in sales.targets("won")] == []


def test_a_transition_added_to_a_free_pipeline_does_not_close_the_others():
    guarded = Transition("*", "won", guard=Guard(requires=("amount",)))
    sales = compiled(AddTransition(guarded)).pipelines["sales"]
    assert sales.allows("prospect", "offer")
    assert [way.rule.guard.requires for way in sales.ways("engage", "won")] == [("amount",)]
    assert sales.ways("lost", "won") == ()


def test_the_settings_insert_relabel_disable_and_add_what_is_needed():
    definitions = compiled(
        customer={
            "label": "Deals",
            "stages": {
                "offer": {"label": "Quote", "requires": ["amount"], "stall_days": 14},
                "legal": {"after": "offer", "label": "50 % legal", "probability": 80, "requires": ["name"]},
                "prospect": {"disabled": True, "move_to": "engage"},
            },
            "approvals": [
                {
                    "to": "won",
                    "when": {"field": "amount", "op": "gte", "value": 50000},
                    "steps": [{"approvers": ["manager", "owner"], "quorum": 2, "escalate_after_days": 1.5}],
                }
            ],
        }
    )
    assert codes(definitions) == []
    sales = definitions.pipelines["sales"]
    assert sales.label == "Deals"
    assert list(sales.stages) == ["engage", "offer", "legal", "won", "lost"]
    assert sales.stages["offer"].stall.after == timedelta(days=14)
    assert sales.stages["legal"].label == "50 % legal"
    assert str(sales.stages["legal"].origin) == "settings: [pipelines.sales.stages.legal]"
    (way,) = sales.ways("engage", "won")
    assert way.approvals[0].steps[0].escalate_after == timedelta(days=1.5)


@pytest.mark.parametrize(
    ("customer", "code", "says"),
    [
        ({"stage": {}}, "settings", "did you mean 'stages'?"),
        ({"stages": {"ofer": {"label": "Quote"}}}, "unknown-stage", "did you mean 'offer'?"),
        ({"stages": {"legal": {"after": "oferr"}}}, "unknown-stage", "no stage 'oferr' to insert"),
        ({"stages": {"offer": {"stall_day": 3}}}, "settings", "did you mean 'stall_days'?"),
        ({"stages": {"offer": {"stall_days": "3"}}}, "settings", "expected a number"),
        ({"stages": {"offer": {"stall_days": True}}}, "settings", "expected a number"),
        ({"stages": {"offer": {"probability": 10}}}, "settings", "belongs to a new stage"),
        ({"stages": {"offer": {"requires": "amount"}}}, "settings", "expected a list"),
        ({"stages": ["offer"]}, "settings", "expected a table"),
        ({"transitions": [{"from": "offer"}]}, "settings", "'to' is missing"),
        ({"approvals": [{"to": "won", "steps": [{"approver": ["x"]}]}]}, "settings", "'approvers'?"),
        ({"stages": {"engage": {"disabled": True, "move_to": "nowhere"}}}, "unknown-stage", "'nowhere'"),
        ("yes", "settings", "expected a table"),
    ],
)
def test_a_mistake_in_the_settings_is_named_with_its_place(customer, code, says):
    definitions = compiled(customer=customer)
    (finding,) = definitions.findings
    assert finding.code == code
    assert says in finding.detail
    assert "[pipelines.sales" in finding.detail


def test_all_mistakes_are_reported_at_once():
    twice = Pipeline("other", "deal", _("Other"), (*STAGES, STAGES[0]), default=True)
    definitions = compile_pipelines(
        [("a", FREE), ("b", FREE), ("c", twice)],
        [("p", PipelinePatch("nope", ())), ("p", PipelinePatch("sales", (RelabelStage("x", _("X")),)))],
        {"nothing": {}},
    )
    assert sorted(codes(definitions)) == [
        "duplicate-pipeline",
        "duplicate-stage",
        "several-defaults",
        "unknown-pipeline",
        "unknown-pipeline",
        "unknown-stage",
    ]
    with pytest.raises(PipelinesError) as error:
        require_sound(definitions.findings)
    assert len(error.value.problems) == 6


def test_one_pipeline_of_an_entity_is_the_default():
    renewals = Pipeline("renewals", "deal", _("Renewals"), STAGES)
    both = [("b2b", renewals), ("b2b", FREE)]
    assert compile_pipelines(both).default("deal").key == "sales"
    assert compile_pipelines([("b2b", renewals)]).default("deal").key == "renewals"
    chosen = compile_pipelines(both, customer={"renewals": {"default": True}})
    assert chosen.findings == ()
    assert [p.key for p in chosen.of_entity("deal")] == ["renewals", "sales"]
    assert chosen.default("account") is None

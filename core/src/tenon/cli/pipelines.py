"""``tenon pipelines``: what is in force, where each part comes from, and whether it can work.

``list``, ``show`` and ``check`` need no database.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from ..messages import _
from ..nearest import did_you_mean
from ..pipelines import (
    CompiledPipeline,
    CompiledStage,
    CompiledTransition,
    Definitions,
    Rule,
    Surroundings,
    check_all,
    compile_pipelines,
    require_sound,
)
from ..plugin import contributions as c
from .columns import echo_columns
from .context import Deployment, pass_deployment, pass_tenon

if TYPE_CHECKING:
    from ..app import Tenon

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


@click.group()
def pipelines() -> None:
    """Pipelines: list, show, check."""


@pipelines.command("list")
@AS_JSON
@pass_deployment
def list_pipelines(deployment: Deployment, as_json: bool) -> None:
    """List every pipeline with its stages."""
    found = _definitions(deployment).pipelines.values()
    if as_json:
        click.echo(json.dumps([_summary(pipeline) for pipeline in found], indent=2))
        return
    heading = ("KEY", "ENTITY", "DEFAULT", "FROM", "STAGES")
    rows = ((p.key, p.entity, p.default, p.origin.source, " > ".join(p.stages)) for p in found)
    echo_columns(heading, rows)


@pipelines.command()
@click.argument("key")
@AS_JSON
@pass_deployment
def show(deployment: Deployment, key: str, as_json: bool) -> None:
    """Show the stages and moves of pipeline KEY, and who gave each part."""
    found = _definitions(deployment).pipelines
    if key not in found:
        raise click.ClickException(
            _("There is no pipeline %(key)s%(meant)s", key=repr(key), meant=did_you_mean(key, found))
        )
    pipeline = found[key]
    if as_json:
        click.echo(json.dumps({**_summary(pipeline), "moves": list(_moves(pipeline))}, indent=2))
        return
    click.echo(f"{pipeline.label} ({pipeline.entity}), {pipeline.origin}\n")
    echo_columns(
        ("STAGE", "LABEL", "STATUS", "%", "STALLS AFTER", "NEEDS", "FROM"),
        (_stage_row(stage) for stage in pipeline.stages.values()),
    )
    click.echo()
    _echo_moves(pipeline)


@pipelines.command()
@click.option("--records", is_flag=True, help="Also count records in stages that were taken away.")
@pass_deployment
def check(deployment: Deployment, records: bool) -> None:
    """Say everything that can never work; the exit code is 1 where something is found."""
    definitions = _definitions(deployment)
    count = deployment.tenon.pipelines.count_in_stage if records else None
    around = Surroundings(_fields(deployment), _checks(deployment), count)
    require_sound(check_all(definitions, around))
    click.echo(_("%(count)d pipelines are sound.", count=len(definitions.pipelines)))


@pipelines.command()
@pass_tenon
def settle(tenon: Tenon) -> None:
    """Move records out of stages that were taken away, to where the definitions say."""
    from ..identity.actor import system

    with tenon.records.writing(system("settle pipelines"), via="cli") as work:
        moved = tenon.pipelines.settle(work)
    click.echo(_("%(count)d records moved.", count=moved))


def _definitions(deployment: Deployment) -> Definitions:
    plugins = deployment.plugins
    return compile_pipelines(
        plugins.contributions(c.Pipeline),
        plugins.contributions(c.PipelinePatch),
        deployment.settings.pipelines,
    )


def _fields(deployment: Deployment) -> Any:
    from ..app import build_registry

    registry = build_registry(deployment.plugins)
    return lambda entity: registry[entity].fields if entity in registry else None


def _checks(deployment: Deployment) -> set[str]:
    return {check.key for _plugin, check in deployment.plugins.contributions(c.GuardCheck)}


def _summary(pipeline: CompiledPipeline) -> dict[str, Any]:
    return {
        "key": pipeline.key,
        "entity": pipeline.entity,
        "label": str(pipeline.label),
        "default": pipeline.default,
        "origin": str(pipeline.origin),
        "retired": dict(pipeline.retired),
        "stages": [_stage(stage) for stage in pipeline.stages.values()],
    }


def _stage(stage: CompiledStage) -> dict[str, Any]:
    return {
        "key": stage.key,
        "label": str(stage.label),
        "status": stage.status,
        "probability": stage.probability,
        "stalls_after_days": stage.stall.after.total_seconds() / 86400 if stage.stall else None,
        "entry": [needs for rule in stage.entry for needs in _needs(rule)],
        "exit": [needs for rule in stage.exit for needs in _needs(rule)],
        "parts": [{"part": part, "origin": str(origin)} for part, origin in stage.parts],
    }


def _stage_row(stage: CompiledStage) -> tuple[Any, ...]:
    stalls = f"{stage.stall.after.total_seconds() / 86400:g} days" if stage.stall else None
    needs = tuple(needs for rule in (*stage.entry, *stage.exit) for needs in _needs(rule))
    sources = tuple(dict.fromkeys(origin.source for _part, origin in stage.parts))
    return stage.key, stage.label, stage.status, stage.probability, stalls, needs, sources


def _needs(rule: Rule) -> Iterator[str]:
    yield from rule.guard.requires
    yield from (f"{x.field} {x.op} {x.value}" for x in rule.guard.conditions)
    yield from (f"check {name}" for name in rule.guard.checks)


def _echo_moves(pipeline: CompiledPipeline) -> None:
    if pipeline.free:
        click.echo(_("From an open stage to any other, from a closed one back to an open one."))
    if pipeline.transitions:
        click.echo()
        echo_columns(("MOVE", "NEEDS", "APPROVALS", "FROM"), (_move_row(t) for t in pipeline.transitions))


def _move_row(transition: CompiledTransition) -> tuple[Any, ...]:
    approvals = tuple(approval.key for approval in transition.approvals)
    name = f"{transition.source} > {transition.target}"
    return name, tuple(_needs(transition.rule)), approvals, str(transition.origin)


def _moves(pipeline: CompiledPipeline) -> Iterator[dict[str, Any]]:
    for transition in pipeline.transitions:
        yield {
            "from": transition.source,
            "to": transition.target,
            "needs": list(_needs(transition.rule)),
            "approvals": [approval.key for approval in transition.approvals],
            "origin": str(transition.origin),
        }

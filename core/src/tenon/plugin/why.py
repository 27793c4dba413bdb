"""Where a thing of the composed app comes from: plugin, file and line, setting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import contributions as c
from .collecting import Given
from .hooks import SPECS
from .places import PLACES
from .sources import call_line, model_line
from .world import columns

if TYPE_CHECKING:
    from .loaded import LoadedPlugin, LoadedPlugins


@dataclass(frozen=True)
class Provenance:
    """One answer: what ``thing`` is, who gave it, on which line.

    ``setting`` is the key of the settings file that switches it, ``note`` what
    else matters, such as a patch.
    """

    thing: str
    kind: str
    plugin: str
    distribution: str
    where: str
    setting: str = ""
    note: str = ""


def explain(plugins: LoadedPlugins, thing: str) -> list[Provenance]:
    """Every origin of ``thing``, in load order; empty when nobody gave it.

    A thing is a plugin (``b2b_accounts``), an entity (``account``), a field
    (``account.industry``, ``account.ext.loyalty.tier``), a pipeline (``new_business``), a stage
    (``new_business.proposal``), a hook (``entities``), a place of slots (``record.panel``),
    or the key of any contribution.
    """
    found = [
        *_plugin(plugins, thing),
        *_contributions(plugins, thing),
        *_field(plugins, thing),
        *_stage(plugins, thing),
        *_hook(plugins, thing),
        *_left_out(plugins, thing),
    ]
    return list(dict.fromkeys(found))


def _origin(given: Given, thing: str, kind: str, where: str, note: str = "") -> Provenance:
    return Provenance(
        thing, kind, given.plugin, given.candidate.label, where, _switch(given.plugin, given), note
    )


def _switch(plugin: str, given: Given | None) -> str:
    if given is not None and given.candidate.builtin:
        return "always on"
    modes = sorted(given.contribution.modes) if given else []
    return f"plugins.enabled: {plugin}" + (f"; modes: {', '.join(modes)}" if modes else "")


def _plugin(plugins: LoadedPlugins, thing: str) -> Iterator[Provenance]:
    loaded = plugins.get(thing)
    if loaded:
        required = [p.name for p in plugins.order if p.manifest and thing in p.manifest.requires]
        note = f"required by {', '.join(required)}" if required else ""
        switch = "always on" if loaded.builtin else f"plugins.enabled: {thing}"
        yield Provenance(
            thing, "plugin", thing, loaded.distribution, loaded.manifest.where("name"), switch, note
        )
    for off in plugins.off:
        if off.candidate.name == thing:
            where = off.candidate.where("name")
            yield Provenance(
                thing,
                "plugin",
                thing,
                off.candidate.label,
                where,
                "plugins.enabled",
                f"{off.status}: {off.reason}",
            )


def _contributions(plugins: LoadedPlugins, thing: str) -> Iterator[Provenance]:
    for given in plugins.world.given:
        contribution = given.contribution
        names = {given.key, getattr(contribution, "plural", None)}
        if isinstance(contribution, c.Slot):
            names |= {contribution.place, f"{contribution.place}.{given.key}"}
        if thing in names:
            note = _extends(given, thing)
            yield _origin(given, thing, type(contribution).__name__, given.line, note)
    if thing in PLACES:
        place = PLACES[thing]
        yield Provenance(
            thing,
            "place",
            "tenon",
            "",
            "tenon/plugin/places.py",
            "",
            f"{place.where}; render gets {place.context}",
        )


def _extends(given: Given, thing: str) -> str:
    contribution = given.contribution
    if isinstance(contribution, c.PipelinePatch):
        return ", ".join(_change(change) for change in contribution.changes)
    if isinstance(contribution, c.EntityExtension):
        return f"adds {', '.join(n for n in columns(contribution.model) if n != 'id')}"
    return f"shows {given.key}" if isinstance(contribution, c.Slot) and thing == contribution.place else ""


def _change(change: Any) -> str:
    stage = getattr(change, "stage", None)
    key = stage.key if isinstance(stage, c.Stage) else stage
    return f"{type(change).__name__} {key}" if key else type(change).__name__


def _field(plugins: LoadedPlugins, thing: str) -> Iterator[Provenance]:
    entity, _, path = thing.partition(".")
    owner = plugins.world.entities.get(entity)
    if owner and path in columns(owner.contribution.model):
        model = owner.contribution.model
        where = model_line(owner.candidate.location, model, path) or owner.line
        yield _origin(owner, thing, "field", where, f"column {model.__tablename__}.{path}")
    for given, extension in plugins.world.all(c.EntityExtension):
        prefix = f"ext.{extension.key or given.plugin}."
        name = path.removeprefix(prefix)
        if extension.entity == entity and path.startswith(prefix) and name in columns(extension.model):
            where = model_line(given.candidate.location, extension.model, name) or given.line
            yield _origin(given, thing, "field", where, f"column {extension.model.__tablename__}.{name}")


def _stage(plugins: LoadedPlugins, thing: str) -> Iterator[Provenance]:
    key, _, name = thing.partition(".")
    for given, pipeline in plugins.world.all(c.Pipeline):
        if pipeline.key == key and name in [stage.key for stage in pipeline.stages]:
            where = call_line(given.candidate.location, "Stage", name) or given.line
            yield _origin(given, thing, "stage", where)
    for given, patch in plugins.world.all(c.PipelinePatch):
        for change in patch.changes if patch.pipeline == key else ():
            if name and name in _touched(change):
                where = call_line(given.candidate.location, type(change).__name__, name) or given.line
                yield _origin(given, thing, "patch", where, _change(change))


def _touched(change: Any) -> set[str]:
    if isinstance(change, c.AddTransition):
        return {change.transition.source, change.transition.target}
    stage = change.stage
    return {stage.key if isinstance(stage, c.Stage) else stage}


def _hook(plugins: LoadedPlugins, thing: str) -> Iterator[Provenance]:
    if thing in SPECS:
        for loaded in plugins.order:
            yield from _implemented(loaded, thing)


def _implemented(loaded: LoadedPlugin, hook: str) -> Iterator[Provenance]:
    for implementation in loaded.hooks:
        if implementation.hook == hook:
            switch = "always on" if loaded.builtin else f"plugins.enabled: {loaded.name}"
            yield Provenance(hook, "hook", loaded.name, loaded.distribution, implementation.line, switch)


def _left_out(plugins: LoadedPlugins, thing: str) -> Iterator[Provenance]:
    for left in plugins.left_out:
        if left.given.key == thing:
            yield _origin(
                left.given,
                thing,
                type(left.given.contribution).__name__,
                left.given.line,
                f"left out: {left.reason}",
            )

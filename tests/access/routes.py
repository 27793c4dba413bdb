"""Every route of the app with addresses filled in, so that a plugin's are tried without being named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from werkzeug.routing import Rule

from tenon.app import Tenon

IDS = frozenset({"id", "id_", "record_id", "account_id"})
OTHERS = {
    "external_id": "1",
    "field": "name",
    "key": "name",
    "number": 1,
    "path": "name",
    "pipeline": "new_business",
    "system": "erp",
}


def rules(tenon: Tenon) -> Iterator[tuple[Rule, str]]:
    """Every rule with every method that it answers."""
    for rule in tenon.app.url_map.iter_rules():
        if rule.endpoint.endswith("static") or not rule.methods:
            continue
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield rule, method


def paths(tenon: Tenon, rule: Rule, ids: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The kinds and addresses of a rule with the id of each kind in it; none where it takes no id."""
    kinds = [(t.collection, t.name) for t in tenon.records.registry if t.name in ids]
    for collection, name in kinds if {"collection", "entity"} & rule.arguments else _named_in(rule, kinds):
        values = {a: _value(a, collection, name, ids[name]) for a in rule.arguments}
        if None not in values.values() and ids[name] in map(str, values.values()):
            built = rule.build(values, append_unknown=False)
            if built is not None:
                yield name, built[1]


def _value(argument: str, collection: str, name: str, id_: str) -> object:
    if argument in ("collection", "entity"):
        return collection
    return id_ if argument in IDS or argument == f"{name}_id" else OTHERS.get(argument)


def _named_in(rule: Rule, kinds: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The kind whose collection stands in the rule's own text, else the account."""
    found = [(c, n) for c, n in kinds if f"/{c}/" in rule.rule or f"/{c}<" in rule.rule]
    return found or [(c, n) for c, n in kinds if n == "account"]


def pages(tenon: Tenon, rule: Rule) -> Iterator[str]:
    """The addresses of a page without a record's id: lists, boards, exports, settings."""
    if not rule.arguments:
        yield rule.rule
    elif rule.arguments <= {"collection", "entity", "pipeline"}:
        for type_ in tenon.records.registry:
            values = dict.fromkeys(rule.arguments & {"collection", "entity"}, type_.collection)
            for more in _pipelines(tenon, rule, type_.name):
                built = rule.build({**values, **more})
                if built is not None:
                    yield built[1]


def _pipelines(tenon: Tenon, rule: Rule, entity: str) -> list[dict[str, str]]:
    if "pipeline" not in rule.arguments:
        return [{}]
    return [{"pipeline": pipeline.key} for pipeline in tenon.pipelines.pipelines_for(entity)]

"""The plugin's kinds of record: what they are called, and their life through the API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...app import Tenon
from ...messages import Message
from ...pipelines import check_pipeline
from ...plugin import contributions as c
from ...records.registry import EntityType
from ..api_client import ApiClient
from ..samples import Samples, nested
from .subject import Subject, none_of

LABELLED = (
    c.Entity,
    c.EntityExtension,
    c.Pipeline,
    c.Permission,
    c.RoleTemplate,
    c.Scope,
    c.NamedFieldSet,
    c.Integration,
    c.Slot,
)


class RecordChecks(Subject):
    """Checks of entities, extensions and pipelines."""

    def test_what_people_read_can_be_translated(self, tenon: Tenon) -> None:
        none_of(
            (
                f"{place} is called {text!r}, a plain text"
                for place, text in self._texts(tenon)
                if not isinstance(text, Message)
            ),
            "Mark texts for translation: from tenon.api import _, then _('Machine').",
        )

    def _texts(self, tenon: Tenon) -> Iterator[tuple[str, Any]]:
        for kind in LABELLED:
            for one in self.given(tenon, kind):
                yield f"{kind.__name__} {getattr(one, 'key', '') or getattr(one, 'name', '')}", one.label  # type: ignore[attr-defined]
        for pipeline in self.given(tenon, c.Pipeline):
            yield from ((f"the stage {pipeline.key}.{stage.key}", stage.label) for stage in pipeline.stages)
        for type_ in tenon.records.registry:
            for field in type_.fields.values():
                if field.origin == self.plugin and field.spec.show and field.kind != "json":
                    yield f"the field {type_.name}.{field.path}", field.label
                    yield from (
                        (f"the choice {type_.name}.{field.path}={x.key}", x.label) for x in field.spec.choices
                    )

    def test_what_entities_name_exists(self, tenon: Tenon) -> None:
        none_of(
            (
                f"{type_.name}.{what} names {path!r}, which it has not"
                for type_ in self.entities(tenon)
                for what, path in named_fields(type_)
                if path not in type_.fields
            ),
            "Correct the names in Entity(…).",
        )

    def test_references_lead_somewhere(self, tenon: Tenon) -> None:
        none_of(
            (
                f"{type_.name}.{field.path} refers to {field.spec.to!r}, which is no kind of record"
                for type_ in tenon.records.registry
                for field in type_.references
                if field.origin == self.plugin and field.spec.to not in tenon.records.registry
            ),
            "Require the plugin that gives it, or leave the field out where that plugin is absent.",
        )

    def test_records_live_through_the_api(self, tenon: Tenon, api: ApiClient, samples: Samples) -> None:
        for type_ in self.creatable(tenon):
            path = f"/{type_.collection}"
            made = api.post(path, samples.minimal(type_.name), status=201)
            place = f"{path}/{made['id']}"
            assert api.get(place)["id"] == made["id"]
            assert made["id"] in [record["id"] for record in api.get(path).json["data"]]
            changed = change_of(type_, samples)
            if changed:
                assert api.patch(place, changed, version=made["version"])["version"] > made["version"]
            assert api.delete(place)["archived_at"] is not None
            assert made["id"] not in [record["id"] for record in api.get(path).json["data"]]
            assert api.post(f"{place}/restore", {})["archived_at"] is None

    def test_records_hold_a_value_in_every_field(
        self, tenon: Tenon, api: ApiClient, samples: Samples
    ) -> None:
        for type_ in self.creatable(tenon):
            values = samples.full(type_.name)
            made = api.post(f"/{type_.collection}", values, status=201)
            read = api.get(f"/{type_.collection}/{made['id']}").json
            lost = [name for name, value in values.items() if value is not None and read.get(name) is None]
            none_of((f"{type_.name}.{name} was given and is gone" for name in lost), "Keep what is given.")

    def test_records_refuse_what_they_do_not_know_or_lack(
        self, tenon: Tenon, api: ApiClient, samples: Samples
    ) -> None:
        for type_ in self.creatable(tenon):
            path = f"/{type_.collection}"
            nonsense = {**samples.minimal(type_.name), "no_such_field": 1}
            assert "/no_such_field" in api.post(path, nonsense, status=422).problems
            needed = [f.path for f in type_.writable if f.spec.required and f.spec.default is None]
            if needed and not type_.stages:
                missing = api.post(path, {}, status=422).problems
                none_of(
                    (
                        f"{type_.name} without {name!r} is not refused for it"
                        for name in needed
                        if f"/{name}" not in missing
                    ),
                    "A refusal names every field that is missing.",
                )

    def test_extensions_are_written_and_read_with_their_records(
        self, tenon: Tenon, api: ApiClient, samples: Samples
    ) -> None:
        for extension in self.given(tenon, c.EntityExtension):
            type_ = tenon.records.registry[extension.entity]
            key = extension.key or self.plugin
            full = samples.full(type_.name).get("ext", {}).get(key, {})
            made = api.post(
                f"/{type_.collection}", {**samples.minimal(type_.name), "ext": {key: full}}, status=201
            )
            kept = api.get(f"/{type_.collection}/{made['id']}").json["ext"][key]
            assert {name: kept[name] for name in full if kept.get(name) is None} == {}

    def test_pipelines_are_sound(self, tenon: Tenon) -> None:
        concerned = {one.key for one in self.given(tenon, c.Pipeline)}
        concerned |= {one.pipeline for one in self.given(tenon, c.PipelinePatch)}
        compiled = [p for key, p in tenon.pipelines.definitions.pipelines.items() if key in concerned]
        none_of(
            (str(finding) for pipeline in compiled for finding in check_pipeline(pipeline)),
            "`tenon pipelines check` says the same of a deployment.",
        )

    def test_records_enter_every_pipeline_of_theirs(
        self, tenon: Tenon, api: ApiClient, samples: Samples
    ) -> None:
        for pipeline in self.given(tenon, c.Pipeline):
            type_ = tenon.records.registry[pipeline.entity]
            made = api.post(
                f"/{type_.collection}", {**samples.minimal(type_.name), "pipeline": pipeline.key}, status=201
            )
            assert made["stage"] == pipeline.stages[0].key


def named_fields(type_: EntityType) -> Iterator[tuple[str, str]]:
    """Every field that an entity names: in what, and which."""
    entity = type_.entity
    tracked: Iterable[str | None] = vars(entity.stages).values() if entity.stages else ()
    yield from (("title", path) for path in type_.title)
    yield from (("natural_key", path) for path in entity.natural_key)
    yield from (("list_columns", path) for path in entity.list_columns)
    yield from (("search", path) for path in entity.search)
    yield from (("stages", path) for path in tracked if path)
    yield "default_sort", entity.default_sort.removeprefix("-")


def change_of(type_: EntityType, samples: Samples) -> dict[str, Any]:
    """Another value for one field that can be changed on its own."""
    full = samples.full(type_.name)
    plain = ("text", "long_text", "email", "url")
    chosen = next((f.path for f in type_.writable if f.kind in plain and f.path in full), None)
    return nested({chosen: full[chosen]}) if chosen else {}

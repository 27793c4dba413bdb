"""What the plugin shows: templates, slots, and the pages of its records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from flask import Flask, g, render_template
from flask.testing import FlaskClient

from ...app import Tenon
from ...identity.actor import Actor
from ...plugin import contributions as c
from ...plugin.loaded import LoadedPlugin
from ...records.record import Record
from ...records.work import Work
from ..samples import Samples
from .subject import Subject, none_of

OF_A_RECORD = ("record.badge", "record.panel", "record.action", "record.sidebar", "form.after")
OF_A_LIST = ("list.column", "list.action", "board.badge")


class PageChecks(Subject):
    """Checks of what a browser is shown."""

    def test_templates_can_be_compiled(self, tenon_app: Flask, loaded: LoadedPlugin) -> None:
        folder = loaded.folder / "templates"
        wrong = []
        for file in sorted(folder.rglob("*.html")):
            name = file.relative_to(folder).as_posix()
            try:
                tenon_app.jinja_env.get_template(name)
            except Exception as error:
                wrong.append(f"{name}: {type(error).__name__}: {error}")
            if not name.startswith(f"{self.plugin}/"):
                wrong.append(f"{name} is not in templates/{self.plugin}/, so another plugin's could hide it")
        none_of(wrong, "Mend the templates.")

    def test_slots_show_something_sensible_of_bare_and_of_full_records(
        self, tenon: Tenon, tenon_app: Flask, actor: Actor, samples: Samples
    ) -> None:
        for slot in self.given(tenon, c.Slot):
            for record in self._records(tenon, actor, samples, slot):
                with tenon_app.test_request_context("/"), tenon.records.reading(actor) as work:
                    g.actor = actor
                    show(tenon, actor, work, slot, record)

    def _records(self, tenon: Tenon, actor: Actor, samples: Samples, slot: c.Slot) -> Iterator[Record | None]:
        if slot.place not in OF_A_RECORD + OF_A_LIST:
            yield None
            return
        entities = (
            [slot.entity] if slot.entity else [type_.name for type_ in self.creatable(tenon)] or ["contact"]
        )
        for entity in entities:
            for values in (samples.minimal(entity), samples.full(entity)):
                id_ = UUID(samples.create(entity, values))
                with tenon.records.reading(actor) as work:
                    yield work.get(entity, id_)

    def test_pages_of_its_records_answer(
        self, tenon: Tenon, signed_in: FlaskClient, samples: Samples
    ) -> None:
        wrong = []
        for type_ in self.creatable(tenon):
            bare, full = samples.create(type_.name), samples.create(type_.name, samples.full(type_.name))
            path = f"/{type_.collection}"
            for page in (path, f"{path}/new", f"{path}/{bare}", f"{path}/{full}", f"{path}/{full}/edit"):
                status = signed_in.get(page).status_code
                if status != 200:
                    wrong.append(f"{page} answers {status}")
        none_of(wrong, "See the log for the reason.")

    def test_pages_with_its_parts_show_no_failure(
        self, tenon: Tenon, signed_in: FlaskClient, samples: Samples
    ) -> None:
        slots = self.given(tenon, c.Slot)
        for entity in sorted({slot.entity for slot in slots if slot.entity}):
            path = (
                f"/{tenon.records.registry[entity].collection}/{samples.create(entity, samples.full(entity))}"
            )
            assert signed_in.get(path).status_code == 200
        if any(slot.place == "home.widget" for slot in slots):
            assert signed_in.get("/").status_code == 200


def show(tenon: Tenon, actor: Actor, work: Work, slot: c.Slot, record: Record | None) -> None:
    """Render a slot as a page would, but let its errors through."""
    about = SimpleNamespace(
        tenon=tenon,
        actor=actor,
        work=work,
        entity=record.entity if record else None,
        record=record,
        records=[record] if record else [],
        query="sample",
    )
    data: Any = slot.render(about) if slot.render else {}
    place = f"the slot {slot.key!r} at {slot.place}"
    if slot.place in ("list.column", "board.badge"):
        assert isinstance(data, Mapping), f"{place} gives {type(data).__name__}, not {{record id: text}}"
        assert all(isinstance(id_, UUID) for id_ in data), f"{place} gives keys that are no record ids"
    if slot.template and data is not None:
        given = data if isinstance(data, Mapping) else {"text": data}
        render_template(slot.template, slot=slot, record=about.record, entity=about.entity, **given)

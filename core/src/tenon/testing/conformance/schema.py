"""The plugin's tables: whose they are, how they come to be, and that they stay."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
import sqlalchemy as sa

from ...app import Tenon, create_tenon
from ...clock import ManualClock
from ...plugin import contributions as c
from ...plugin.loaded import LoadedPlugin
from ...settings import DatabaseSettings, Settings
from ...storage.base import Base
from ..samples import Samples
from .subject import Installed, Subject, none_of


class SchemaChecks(Subject):
    """Checks of tables and migrations."""

    def test_its_tables_bear_its_name(self, tenon: Tenon, loaded: LoadedPlugin) -> None:
        prefix = f"{self.plugin}_"
        none_of(
            (
                f"the table {table!r} does not begin with {prefix!r}"
                for table in tables(loaded)
                if not table.startswith(prefix)
            ),
            "Name tables after the plugin that owns them.",
        )

    def test_records_and_extensions_are_in_tables_of_its_own(
        self, tenon: Tenon, loaded: LoadedPlugin
    ) -> None:
        models = [one.model for one in self.given(tenon, c.Entity)]
        models += [one.model for one in self.given(tenon, c.EntityExtension)]
        own = tables(loaded)
        none_of(
            (
                f"{model.__name__} is in {model.__tablename__!r}"
                for model in models
                if model.__tablename__ not in own
            ),
            "A plugin's records are in its own tables, in modules that `models` of plugin.toml names.",
        )

    @pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
    def test_migrations_make_what_the_models_say(
        self, kind: str, installed: Installed, request: pytest.FixtureRequest
    ) -> None:
        url = request.getfixturevalue("tenon_empty_sqlite" if kind == "sqlite" else "tenon_empty_postgres")
        tenon = create_tenon(_at(installed.chosen(), url))
        try:
            tenon.migrations.upgrade()
            assert tenon.migrations.plan() == [], "an upgrade left something to do"
            report = tenon.migrations.check(models=True)
            none_of(
                (problem.message for problem in report.problems if problem.owner == self.plugin),
                f"Draw a revision: tenon db revision {self.plugin} -m 'what changed'",
            )
        finally:
            tenon.storage.close()

    def test_its_data_outlives_being_switched_off(
        self, tenon: Tenon, installed: Installed, samples: Samples, clock: ManualClock
    ) -> None:
        made = {type_.name: samples.create(type_.name) for type_ in self.creatable(tenon)}
        url = tenon.storage.url.render_as_string(hide_password=False)
        without = create_tenon(_at(installed.chosen(without=True), url), clock=clock)
        try:
            without.migrations.ensure_current()
            assert without.plugins.get(self.plugin) is None
        finally:
            without.storage.close()
        again = create_tenon(_at(installed.chosen(), url), clock=clock)
        try:
            again.migrations.ensure_current()
            with again.storage.reading() as connection:
                for entity, id_ in made.items():
                    table = again.records.registry[entity].table
                    kept = connection.execute(sa.select(table.c.id).where(table.c.id == UUID(id_))).first()
                    assert kept is not None, f"the {entity} that was there before is gone"
        finally:
            again.storage.close()


def tables(loaded: LoadedPlugin) -> set[str]:
    """The names of the tables that the plugin's model modules make."""
    modules = {module.__name__ for module in loaded.models}
    return {
        mapper.local_table.name
        for mapper in Base.registry.mappers
        if mapper.class_.__module__ in modules and isinstance(mapper.local_table, sa.Table)
    }


def _at(settings: Settings, url: str) -> Settings:
    return replace(settings, database=DatabaseSettings(url=url))

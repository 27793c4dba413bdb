"""What the plugin does in the background, and the demo it brings."""

from __future__ import annotations

from ...app import Tenon
from ...demo import seed
from ...identity.actor import system
from ...plugin import contributions as c
from ..events import Events
from ..samples import Samples
from .subject import Subject, none_of


class WorkerChecks(Subject):
    """Checks of jobs, subscribers, health checks and demo data."""

    def test_jobs_run_on_an_empty_database(self, tenon: Tenon) -> None:
        for job in self.given(tenon, c.Job):
            job.run({}, tenon)

    def test_jobs_run_where_there_are_records(self, tenon: Tenon, samples: Samples) -> None:
        for type_ in self.creatable(tenon):
            samples.create(type_.name, samples.full(type_.name))
        for job in self.given(tenon, c.Job):
            job.run({}, tenon)
            job.run({}, tenon)

    def test_subscribers_take_the_events_of_its_records(
        self, tenon: Tenon, samples: Samples, events: Events
    ) -> None:
        for type_ in self.creatable(tenon):
            samples.create(type_.name)
        events.run_worker()
        own = (f"{self.plugin}.", f"{self.plugin}:")
        none_of(
            (
                failure
                for failure in events.failures()
                if failure.startswith(own) or own[0] in failure.partition(":")[2]
            ),
            "A subscriber that raises is tried again and again; let it leave alone what it cannot use.",
        )

    def test_health_checks_pass_on_an_empty_database(self, tenon: Tenon) -> None:
        for check in self.given(tenon, c.HealthCheck):
            check.run(tenon)

    def test_permissions_are_named_after_what_they_are_about(self, tenon: Tenon) -> None:
        subjects = {type_.name for type_ in tenon.records.registry} | {self.plugin}
        none_of(
            (
                f"the permission {one.key!r} is neither about a kind of record nor about {self.plugin}"
                for one in self.given(tenon, c.Permission)
                if one.key.partition(":")[0] not in subjects or not one.key.partition(":")[2]
            ),
            "Name it as account:merge or PLUGIN:what.",
        )

    def test_its_demo_fills_an_empty_database(self, tenon: Tenon) -> None:
        assert seed(tenon), "the database of a fresh deployment is not empty"
        with tenon.records.reading(system("conformance")) as work:
            assert work.count("user") > 0

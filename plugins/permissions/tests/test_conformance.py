"""What holds for every plugin holds for this one."""

from __future__ import annotations

import pytest

from tenon.testing import PluginConformance
from tenon.testing.samples import Samples

NAMED = '{"field": "last_name", "op": "empty", "value": false}'


class TestConformance(PluginConformance):
    plugin = "permissions"

    @pytest.fixture
    def samples(self, tenon, actor) -> Samples:
        """A rule shares with somebody, and its filter fits a kind of record."""
        with tenon.records.writing(actor) as work:
            team = str(work.create("team", {"name": "Sample team"}).id)
        known = {
            "sharing_rule": {"entity": "contact", "filter": NAMED, "team_id": team},
            "territory": {"entity": "contact", "filter": NAMED},
        }
        return Samples(tenon, actor, known)

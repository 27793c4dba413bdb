"""b2b_accounts holds to what every plugin holds to."""

from __future__ import annotations

from tenon.testing import PluginConformance


class TestConformance(PluginConformance):
    plugin = "b2b_accounts"

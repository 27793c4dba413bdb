"""machines holds to what every plugin of Tenon holds to."""

from __future__ import annotations

from tenon.testing import PluginConformance


class TestConformance(PluginConformance):
    plugin = "machines"

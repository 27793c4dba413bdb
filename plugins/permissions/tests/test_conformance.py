"""What holds for every plugin holds for this one."""

from __future__ import annotations

from tenon.testing import PluginConformance


class TestConformance(PluginConformance):
    plugin = "permissions"

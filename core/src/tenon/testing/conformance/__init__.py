"""Checks that every plugin passes, for its tests to inherit::

    from tenon.testing import PluginConformance

    class TestConformance(PluginConformance):
        plugin = "machines"

``values`` gives, by kind of record, what the checks cannot guess because a rule of the plugin's
asks for it; ``derived`` names kinds of record that nobody creates; ``settings`` are those of the
plugin that have no default. A check that does not fit is overridden in the class.
"""

from __future__ import annotations

from .code import CodeChecks
from .loading import LoadingChecks
from .manifest import ManifestChecks
from .pages import PageChecks
from .records import RecordChecks
from .schema import SchemaChecks
from .subject import Subject
from .worker import WorkerChecks


class PluginConformance(
    ManifestChecks, CodeChecks, LoadingChecks, SchemaChecks, RecordChecks, PageChecks, WorkerChecks
):
    """What holds for every plugin. Subclass it as ``TestConformance`` and name the plugin."""


__all__ = ["PluginConformance", "Subject"]

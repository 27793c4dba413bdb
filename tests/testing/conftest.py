"""Plugins that are made for one test."""

from __future__ import annotations

from tenon.testing.plugin_factory import plugin_factory

__all__ = ["plugin_factory"]

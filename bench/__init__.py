"""Benchmarks: ``python -m bench``, ``ONLY=`` one part of it, ``SCALE=small|full``."""

from __future__ import annotations

"""Manifests, hook specs, contributions, the loader. No Flask, no database."""

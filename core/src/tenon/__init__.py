"""Tenon: a plugin-based CRM framework."""

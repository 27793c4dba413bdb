"""Tenon b2b_accounts."""

"""What the suites under tests/ share.

The fixtures `database`, `sqlite_url` and `postgres_url` are in fixtures/databases.py, `browser`
and `page` in fixtures/browsers.py; the conftest.py above registers them for the plugins' suites too.
"""

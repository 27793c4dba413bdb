"""What the suites under tests/ share.

The fixtures `database`, `sqlite_url`, `postgres_url` and `new_postgres` are in fixtures/databases.py;
`browser`, `context`, `page` and `assert_accessible` in fixtures/browsers.py. The conftest.py above
registers them, so that the plugins' suites have them too.
"""

from __future__ import annotations

"""Who owns which tables: the kernel, or exactly one plugin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

VERSION_TABLE = "alembic_version_"
KERNEL = Path(__file__).parents[2]


@dataclass(frozen=True)
class MigrationOwner:
    """Somebody with tables: ``prefix`` starts their names, ``path`` holds the revision files."""

    name: str
    path: Path
    prefix: str

    @property
    def version_table(self) -> str:
        return VERSION_TABLE + self.name

    @property
    def is_built_in(self) -> bool:
        """Whether it is the kernel, or a plugin that comes with it."""
        return self.path.is_relative_to(KERNEL)


def kernel_owner() -> MigrationOwner:
    """The kernel itself: tables ``tenon_*``, of all rooms."""
    return MigrationOwner("tenon", KERNEL / "migrations", "tenon_")


def owner_of(table: str, prefixes: Iterable[str]) -> str | None:
    """The longest of ``prefixes`` that ``table`` starts with.

    The longest, because ``b2b_accounts_account`` belongs to ``b2b_accounts_`` even
    where a plugin ``b2b`` stands beside it.
    """
    fitting = [prefix for prefix in prefixes if table.startswith(prefix)]
    return max(fitting, key=len, default=None)

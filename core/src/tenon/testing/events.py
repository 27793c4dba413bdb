"""What a deployment told the world, as its outbox holds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ..exchange import Event, models

if TYPE_CHECKING:
    from ..app import Tenon


class Events:
    """The events that were committed since :meth:`clear`, oldest first; iterate over it."""

    def __init__(self, tenon: Tenon) -> None:
        self._tenon = tenon
        self._after = 0

    def __iter__(self) -> Iterator[Event]:
        table = models.events
        query = sa.select(table).where(table.c.seq > self._after).order_by(table.c.seq)
        with self._tenon.storage.reading() as connection:
            rows = connection.execute(query).mappings().all()
        wanted = Event.__dataclass_fields__
        return iter([Event(**{name: row[name] for name in wanted}) for row in rows])

    @property
    def names(self) -> list[str]:
        """What happened: ``["record.created", "stage.changed"]``."""
        return [event.name for event in self]

    def named(self, name: str, entity: str | None = None) -> list[Event]:
        """The events of that name, about that kind of record where one is given."""
        return [event for event in self if event.name == name and entity in (None, event.entity)]

    def clear(self) -> None:
        """Forget what happened so far."""
        with self._tenon.storage.reading() as connection:
            latest = connection.execute(sa.select(sa.func.max(models.events.c.seq))).scalar()
        self._after = latest or 0

    def run_worker(self) -> int:
        """Let the worker do all that is due by the clock; how many steps it took."""
        return self._tenon.exchange.run_due()

    def failures(self) -> list[str]:
        """What could not be delivered or done, each with its error."""
        with self._tenon.storage.reading() as connection:
            return [
                f"{row.what}: {row.last_error}"
                for table, what in ((models.deliveries, "target"), (models.jobs, "key"))
                for row in connection.execute(
                    sa.select(table.c[what].label("what"), table.c.last_error).where(
                        table.c.last_error.is_not(None)
                    )
                )
            ]

"""A record in hand: values by field path, with what its kind knows about them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from .registry import EntityType


class Record:
    """One record as it stands in the database; it never writes itself.

    ``record["amount"]``, ``record["custom.size"]`` and ``record["ext.loyalty.tier"]``
    are its values; asking for a field that the kind does not have is a ``KeyError``,
    for one that was not read too.
    """

    __slots__ = ("_custom", "entity", "values")

    def __init__(self, entity: EntityType, values: dict[str, Any]) -> None:
        self.entity = entity
        self.values = values
        self._custom: dict[str, Any] | None = None

    @property
    def id(self) -> UUID:
        found: UUID = self.values["id"]
        return found

    @property
    def version(self) -> int:
        found: int = self.values["version"]
        return found

    @property
    def archived(self) -> bool:
        return self.values.get("archived_at") is not None

    @property
    def created_at(self) -> datetime:
        found: datetime = self.values["created_at"]
        return found

    @property
    def custom(self) -> Mapping[str, Any]:
        """Values of the customer's own fields, by key; fields without a value are ``None``."""
        if self._custom is None:
            self._custom = self.entity.load_custom(self.values.get("custom") or {})
        return self._custom

    def hide_custom(self, seen: frozenset[str]) -> None:
        """Forget the custom values whose paths are not in ``seen``."""
        self._custom = {key: value for key, value in self.custom.items() if f"custom.{key}" in seen}
        self.values["custom"] = {}

    @property
    def ext(self) -> dict[str, dict[str, Any]]:
        """Values that other plugins added, by the extension's key."""
        return {
            extension.key: {name: self.values.get(path) for name, path in extension.paths.items()}
            for extension in self.entity.extensions
        }

    @property
    def title(self) -> str:
        """What a person calls it."""
        found = " ".join(str(self.values[p]) for p in self.entity.title if self.values.get(p))
        return found or str(self.values["id"])[:8]

    def __getitem__(self, path: str) -> Any:
        if path.startswith("custom."):
            return self.custom[path[7:]]
        return self.values[path]

    def get(self, path: str, default: Any = None) -> Any:
        """The value of ``path``, or ``default`` where there is no such field."""
        try:
            return self[path]
        except KeyError:
            return default

    def __contains__(self, path: object) -> bool:
        return path in self.values or path in self.entity.fields

    def __repr__(self) -> str:
        return f"<{self.entity.name} {self.values.get('id')} {self.title!r}>"

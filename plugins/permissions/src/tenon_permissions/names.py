"""Every name that a line of policy can hold, in this deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenon.api import KERNEL_ACTIONS, EntityType, NamedFieldSet, Permission, Scope


@dataclass(frozen=True)
class Names:
    """What plugins contributed, by name."""

    entities: Mapping[str, EntityType]
    actions: Mapping[str, Any]
    scopes: Mapping[str, Scope]
    field_sets: Mapping[str, NamedFieldSet]
    modes: frozenset[str]

    @property
    def administrative(self) -> frozenset[str]:
        """Kinds of record that say who works here and what they may do."""
        return frozenset(name for name, t in self.entities.items() if t.entity.administrative)


def names_of(tenon: Any) -> Names:
    """The names that the plugins of this deployment give."""
    actions: dict[str, Any] = dict(KERNEL_ACTIONS)
    for _plugin, permission in tenon.plugins.contributions(Permission):
        actions.setdefault(permission.key.partition(":")[2], permission.label)
    return Names(
        entities=tenon.records.registry_without_customers.types,
        actions=actions,
        scopes={scope.key: scope for _plugin, scope in tenon.plugins.contributions(Scope)},
        field_sets={found.key: found for _plugin, found in tenon.plugins.contributions(NamedFieldSet)},
        modes=tenon.modes,
    )

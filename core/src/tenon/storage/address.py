"""A postal address, for entities that have one."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import MappedColumn, declared_attr

from ..messages import _
from .fields import text


class AddressColumns:
    """Street, postal code, city, region and country, each optional.

    ``country`` holds what the customer writes, a name or an ISO 3166 code.
    """

    @declared_attr
    def street(cls) -> MappedColumn[Any]:
        return text(_("Street"))

    @declared_attr
    def postal_code(cls) -> MappedColumn[Any]:
        return text(_("Postal code"), max_length=20)

    @declared_attr
    def city(cls) -> MappedColumn[Any]:
        return text(_("City"), max_length=100)

    @declared_attr
    def region(cls) -> MappedColumn[Any]:
        return text(_("State or region"), max_length=100)

    @declared_attr
    def country(cls) -> MappedColumn[Any]:
        return text(_("Country"), max_length=60)

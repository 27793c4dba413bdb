"""What machines adds to Tenon, through its hooks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from tenon.api import Entity, EntityExtension, GuardCheck, Job, PipelinePatch, Seed, Slot, _, hookimpl

from .contact import CONTACT_EXTENSION
from .demo import seed
from .machine import MACHINE
from .panels import SLOTS
from .renewals import MACHINES_KNOWN, RENEWAL_PATCH
from .warranty import remind


@hookimpl
def entities() -> Iterable[Entity]:
    return (MACHINE,)


@hookimpl
def entity_extensions() -> Iterable[EntityExtension]:
    return (CONTACT_EXTENSION,)


@hookimpl
def slots() -> Iterable[Slot]:
    return SLOTS


@hookimpl
def guard_checks() -> Iterable[GuardCheck]:
    return (MACHINES_KNOWN,)


@hookimpl
def pipeline_patches() -> Iterable[PipelinePatch]:
    return (RENEWAL_PATCH,)


@hookimpl
def jobs() -> Iterable[Job]:
    return (Job("warranties", remind, _("Remind of warranties that end"), every=timedelta(hours=6)),)


@hookimpl
def seeds() -> Iterable[Seed]:
    return (Seed("machines", seed),)

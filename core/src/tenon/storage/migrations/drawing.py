"""Draws revisions from models, against a scratch database that the revisions before have built."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeGuard

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from flask import Flask
from sqlalchemy import ForeignKeyConstraint

from ...errors import SchemaError
from ...messages import _
from ..base import Base
from ..engine import Storage
from .comparing import scoped_context
from .owners import MigrationOwner
from .rendering import TypeNames
from .revisions import Revision, revisions_of
from .running import exclusive, run_all

TEMPLATE = '''"""{title}"""

from __future__ import annotations

{imports}

revision = "{revision}"
down_revision = {down}


def upgrade() -> None:
    {body}
'''


def draw(
    owners: Sequence[MigrationOwner], owner: MigrationOwner, message: str, *, initial: bool
) -> Path | None:
    """Write the next revision file of ``owner``. See ``Migrations.revision``."""
    history = [] if initial else revisions_of(owner)
    if initial:
        _refuse_released(owner)
    with _scratch() as storage, exclusive(storage) as connection:
        run_all(connection, [o for o in owners if not (initial and o.name == owner.name)])
        context = scoped_context(connection, owners, owner)
        script = produce_migrations(context, Base.metadata)
        assert script.upgrade_ops is not None
        if script.upgrade_ops.is_empty():
            return None
        _tie_cycles_last(script.upgrade_ops)
        names = TypeNames("tenon.storage.types" if owner.is_built_in else "tenon.api")
        text = _render(context, script.upgrade_ops, names, message, history)
    return _write(owner, message, text, len(history) + 1)


@contextmanager
def _scratch() -> Iterator[Storage]:
    with tempfile.TemporaryDirectory() as folder:
        storage = Storage(Flask(__name__), f"sqlite:///{folder}/scratch.db")
        try:
            yield storage
        finally:
            storage.close()


def _refuse_released(owner: MigrationOwner) -> None:
    later = revisions_of(owner)[1:]
    if later:
        raise SchemaError(
            _("%(owner)s has revisions after 0001, so 0001 is not drawn again", owner=owner.name),
            hint=_("Draw the next one: tenon db revision %(owner)s -m 'what changed'", owner=owner.name),
        )


def _tie_cycles_last(upgrade: ops.UpgradeOps) -> None:
    """Add a foreign key that closes a circle of tables once all of them are there.

    Such a key is marked ``use_alter`` in the model. Alembic would leave it in
    ``CREATE TABLE``, where PostgreSQL skips it.
    """
    for create in [op for op in upgrade.ops if isinstance(op, ops.CreateTableOp)]:
        circular = [part for part in create.columns if _closes_a_circle(part)]
        create.columns = [part for part in create.columns if not _closes_a_circle(part)]
        if circular:
            keys = [ops.CreateForeignKeyOp.from_constraint(key) for key in circular]
            upgrade.ops.append(ops.ModifyTableOps(create.table_name, keys))


def _closes_a_circle(part: object) -> TypeGuard[ForeignKeyConstraint]:
    return isinstance(part, ForeignKeyConstraint) and part.use_alter


def _render(
    context: MigrationContext,
    upgrade: ops.UpgradeOps,
    names: TypeNames,
    message: str,
    history: Sequence[Revision],
) -> str:
    body = render_python_code(
        upgrade, render_as_batch=True, render_item=names.render, migration_context=context
    )
    # Alembic frames generated commands in comments that tell authors to adjust them.
    body = re.sub(r"^ *# ###.*###\n?", "", body, flags=re.MULTILINE).strip()
    imports = ["import sqlalchemy as sa"] if "sa." in body else []
    imports += ["from alembic import op", *names.imports()]
    return TEMPLATE.format(
        title=message,
        imports="\n".join(imports),
        revision=f"{len(history) + 1:04}",
        down=f'"{history[-1].id}"' if history else None,
        body=body,
    )


def _write(owner: MigrationOwner, message: str, text: str, number: int) -> Path:
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_") or "change"
    owner.path.mkdir(parents=True, exist_ok=True)
    for replaced in owner.path.glob(f"{number:04}_*.py"):
        replaced.unlink()
    path = owner.path / f"{number:04}_{slug[:40].rstrip('_')}.py"
    path.write_text(text, encoding="utf-8")
    return path

"""A net below the predicates: PostgreSQL's own row-level security, for code that forgets to ask.

Every business table gets a policy made of the registry's scopes; a session that reads for
somebody takes on a role that does not own the tables, and says in its settings who that is and
which scopes the policy gives. It is always together with the explicit predicate: alone it makes
the planner blind. Whoever can run SQL can change a setting, so it stops forgetful code, not
hostile code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection

from tenon.api import Actor, EntityType, Id, TenonError, UnavailableError, _, system

from .line import ALL, NONE, ScopeName
from .names import Names
from .reach import Reach, Who, follows
from .snapshot import Decision

if TYPE_CHECKING:
    from .policy import PermissionsPolicy

RULE = "tenon_net"
ME, TEAM, PRINCIPALS, SCOPES = "tenon.me", "tenon.team", "tenon.principals", "tenon.scopes"
ASSUMED, FOR = "tenon_assumed", "tenon_for"
SECRETS = ("identity_",)
"""Tables that begin so hold what signs people in, unless they are a kind of record or the org tree."""


class RuleReach(Reach):
    """Compiles scopes for a rule of the database, where another table's rows are filtered by its own.

    PostgreSQL refuses rules that lead back to their own table, so a reference that would close such
    a circle (an account's parent) counts as followed where it is set: wider than the policy, never
    narrower.
    """

    def __init__(self, *parts: Any, followed: Collection[tuple[str, str]]) -> None:
        super().__init__(*parts)
        self.followed = followed

    def rows(
        self, entity: str, action: str, table: sa.FromClause, depth: int = 0
    ) -> sa.ColumnElement[bool] | None:
        return None

    def scope(
        self, name: str, entity: str, action: str, table: sa.FromClause, depth: int = 0
    ) -> sa.ColumnElement[bool]:
        key = ScopeName.of(name)
        path = key.argument if key.key == "via" else follows(self.names.entities[entity], key.key)
        if path is not None and path in table.c and (entity, path) not in self.followed:
            return table.c[path].is_not(None)
        return super().scope(name, entity, action, table, depth)


def followed(names: Names) -> frozenset[tuple[str, str]]:
    """References that rules may follow: as many as make no circle, whose record it is first."""
    found: dict[str, set[str]] = {name: set() for name in names.entities}
    accepted = set()
    links = [
        (type_.name, field.path, str(field.spec.to))
        for type_ in names.entities.values()
        for field in sorted(type_.references, key=lambda f: f.path != type_.entity.within)
        if field.spec.to in names.entities
    ]
    for entity, path, to in sorted(links, key=lambda link: names.entities[link[0]].entity.within != link[1]):
        if not _leads(found, to, entity):
            found[entity].add(to)
            accepted.add((entity, path))
    return frozenset(accepted)


def _leads(found: dict[str, set[str]], start: str, end: str) -> bool:
    return start == end or any(_leads(found, step, end) for step in found[start])


@dataclass(frozen=True)
class Rule:
    """The row-level security of one table."""

    table: str
    condition: str

    @property
    def digest(self) -> str:
        """Stands in the rule's comment, so that a rule of another version is noticed."""
        return hashlib.sha256(self.condition.encode()).hexdigest()[:16]


def role_of(connection: Connection) -> str:
    """The role that reads for people in this database. It cannot log in and owns nothing."""
    return f"tenon_reads_{connection.engine.url.database}"


def rules(policy: PermissionsPolicy) -> Iterator[Rule]:
    """One rule for every kind of record that is the business's."""
    for type_ in policy.names.entities.values():
        if not type_.entity.administrative:
            yield Rule(type_.table.name, _compiled(_condition(policy, type_)))


def _condition(policy: PermissionsPolicy, type_: EntityType) -> sa.ColumnElement[bool]:
    who = Who(
        sa.cast(_setting(ME), Id),
        sa.cast(_setting(TEAM), Id),
        lambda column: column.in_(
            sa.select(sa.cast(sa.func.unnest(sa.func.string_to_array(_raw(PRINCIPALS), ",")), Id))
        ),
        sa.func.now(),
    )
    reach = RuleReach(
        policy.names,
        policy.tenon.identity.org,
        "postgresql",
        who,
        _undecided,
        followed=followed(policy.names),
    )
    found = {name: reach.scope(name, type_.name, "read", type_.table) for name in _scopes(policy, type_)}
    allowed = sa.or_(
        _says(type_.name, "allow", ALL),
        *(sa.and_(_says(type_.name, "allow", name), rows) for name, rows in found.items()),
    )
    denied = sa.or_(
        _says(type_.name, "deny", ALL),
        *(sa.and_(_says(type_.name, "deny", name), rows) for name, rows in found.items()),
    )
    return sa.and_(allowed, sa.func.coalesce(denied, sa.false()).is_(sa.false()))


def _undecided(entity: str, action: str) -> Decision:
    raise AssertionError("a rule of the database asks the session's settings, not the policy")


def _scopes(policy: PermissionsPolicy, type_: EntityType) -> Iterable[str]:
    """Every scope that a line can name for that kind."""
    for scope in policy.names.scopes.values():
        if scope.key in (ALL, NONE):
            continue
        if scope.argument is None:
            yield scope.key
        else:
            yield from (f"{scope.key}:{field.path}" for field in type_.references)


def _setting(name: str) -> sa.ColumnElement[Any]:
    """A setting of the session; NULL where it is not set. As a sub-select it is read once a statement."""
    return sa.select(sa.func.nullif(_raw(name), "")).scalar_subquery()


def _raw(name: str) -> sa.ColumnElement[Any]:
    return sa.func.current_setting(name, True)


def _says(entity: str, effect: str, scope: str) -> sa.ColumnElement[bool]:
    """Whether the session's settings give that scope."""
    lists = sa.cast(sa.func.nullif(_raw(SCOPES), ""), postgresql.JSONB)[entity][effect]
    return sa.select(
        sa.func.coalesce(sa.func.jsonb_exists(lists, scope, type_=sa.Boolean), sa.false())
    ).scalar_subquery()


def _compiled(condition: sa.ColumnElement[bool]) -> str:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return str(condition.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


class RowSecurity:
    """Switches the net on and off, and takes on the role for whoever reads."""

    def __init__(self, policy: PermissionsPolicy) -> None:
        self._policy = policy
        self._role: str | None = None

    # Switching it

    def install(self) -> int:
        """Make the role and the rules; how many tables have one. Needs the right to make a role.

        To be repeated whenever plugins or their scopes change.
        """
        with self._system_writing("switch the database's row security on") as work:
            connection, role = work.connection, role_of(work.connection)
            try:
                _make_role(connection, role, self._secret_tables(connection))
            except sa.exc.ProgrammingError as error:
                raise UnavailableError(
                    _("The database does not let us make the role %(role)s", role=role),
                    hint=_(
                        "Let an administrator of it run: CREATE ROLE %(role)s NOLOGIN; "
                        "GRANT %(role)s TO %(user)s;",
                        role=f'"{role}"',
                        user=connection.engine.url.username or "…",
                    ),
                ) from error
            found = list(rules(self._policy))
            for rule in found:
                _write_rule(connection, role, rule)
        self._role = role
        return len(found)

    def remove(self) -> None:
        """Take the rules away; the role stays, since other things may hang on it."""
        with self._system_writing("switch the database's row security off") as work:
            for type_ in self._policy.names.entities.values():
                name = _quoted(type_.table.name)
                work.connection.exec_driver_sql(f"DROP POLICY IF EXISTS {RULE} ON {name}")
                work.connection.exec_driver_sql(f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY")
        self._role = None

    def differences(self) -> list[str]:
        """Tables whose rule is missing or of another version."""
        with self._policy.tenon.records.reading(system("look at the database's row security")) as work:
            rows = work.connection.execute(
                sa.text(
                    "SELECT c.relname, obj_description(p.oid, 'pg_policy') FROM pg_policy p "
                    "JOIN pg_class c ON c.oid = p.polrelid WHERE p.polname = :name AND c.relrowsecurity"
                ),
                {"name": RULE},
            )
            stored = {row[0]: row[1] for row in rows}
        return [rule.table for rule in rules(self._policy) if stored.get(rule.table) != rule.digest]

    # Using it: the kernel's Net

    def enter(self, connection: Connection, actor: Actor, *, writable: bool) -> None:
        """A unit that reads is held to its actor throughout; one that writes, whose writes the kernel has
        judged by more than reading, in plugins' queries alone."""
        if writable:
            connection.info[FOR] = actor
        else:
            self.assume(connection, actor)

    def leave(self, connection: Connection) -> None:
        connection.info.pop(FOR, None)
        self.assume(connection, None)

    def only(self, connection: Connection, tables: frozenset[str] | None) -> None:
        actor = connection.info.get(FOR)
        if actor is not None:
            self.assume(connection, None if tables is None else actor)

    def assume(self, connection: Connection, actor: Actor | None) -> None:
        """Read as ``actor`` on this connection from now on; ``None`` is the system again."""
        wanted = None if actor is None else (actor.id, actor.key_id)
        if connection.info.get(ASSUMED) == wanted:
            return
        if actor is None:
            self._become_system(connection)
            return
        settings = self._settings_of(connection, actor)
        # Before the settings, so that they are taken back whatever comes of it.
        connection.info[ASSUMED] = wanted
        try:
            connection.execute(sa.select(*_settings(settings)))
        except sa.exc.DBAPIError as error:
            raise UnavailableError(
                _("The database does not let us read as the role %(role)s", role=settings["role"]),
                hint=_('Run tenon access net install, or set access_net = "off" in tenon.toml.'),
            ) from error

    def _become_system(self, connection: Connection) -> None:
        connection.info.pop(ASSUMED, None)
        try:
            connection.exec_driver_sql("RESET ROLE")
        except sa.exc.DBAPIError:
            # Within a transaction that failed nothing can be said any more.
            connection.invalidate()

    def _settings_of(self, connection: Connection, actor: Actor) -> dict[str, str]:
        names = self._policy.names.entities
        decisions = {name: self._policy.decision(actor, name, "read") for name in names}
        scopes = {
            name: {"allow": found.allow, "deny": found.deny}
            for name, found in decisions.items()
            if found.allowed
        }
        principals = self._policy.standings.of(actor).principals
        return {
            ME: _text(actor.id),
            TEAM: _text(actor.team_id),
            PRINCIPALS: ",".join(sorted(map(str, principals))),
            SCOPES: json.dumps(scopes),
            "role": role_of(connection),
        }

    def _secret_tables(self, connection: Connection) -> list[str]:
        open_ = {t.table.name for t in self._policy.names.entities.values()} | {"identity_reporting_line"}
        found = sa.inspect(connection).get_table_names()
        return [name for name in found if name.startswith(SECRETS) and name not in open_]

    def _system_writing(self, reason: str) -> Any:
        if self._policy.tenon.storage.dialect != "postgresql":
            raise TenonError(
                _("Row security is PostgreSQL's"), hint=_("On SQLite the predicates stand alone.")
            )
        return self._policy.tenon.records.writing(system(reason), via="cli")


def _text(id_: UUID | None) -> str:
    return "" if id_ is None else str(id_)


def _settings(values: dict[str, str]) -> list[sa.ColumnElement[Any]]:
    return [sa.func.set_config(name, value, False) for name, value in values.items()]


def _make_role(connection: Connection, role: str, secret: Iterable[str]) -> None:
    name = _quoted(role)
    known = connection.execute(sa.text("SELECT 1 FROM pg_roles WHERE rolname = :r"), {"r": role}).first()
    if known is None:
        connection.exec_driver_sql(f"CREATE ROLE {name} NOLOGIN")
        connection.exec_driver_sql(f"GRANT {name} TO CURRENT_USER")
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {name}")
    connection.exec_driver_sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
    connection.exec_driver_sql(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {name}")
    for table in secret:
        connection.exec_driver_sql(f"REVOKE ALL ON {_quoted(table)} FROM {name}")


def _write_rule(connection: Connection, role: str, rule: Rule) -> None:
    table = _quoted(rule.table)
    connection.exec_driver_sql(f"DROP POLICY IF EXISTS {RULE} ON {table}")
    condition = rule.condition.replace("%", "%%")
    connection.exec_driver_sql(
        f"CREATE POLICY {RULE} ON {table} FOR SELECT TO {_quoted(role)} USING ({condition})"
    )
    connection.exec_driver_sql(f"COMMENT ON POLICY {RULE} ON {table} IS '{rule.digest}'")
    connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

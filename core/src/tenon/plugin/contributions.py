"""What a plugin can add, as frozen data.

Contribution hooks return these. They can be compared, listed by
``tenon plugins show`` and traced back to the plugin that gave them. Each has
``modes``: the modes it serves, empty for every mode.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from ..messages import Message, _

Modes = frozenset[str]
EVERY_MODE: Modes = frozenset()


@dataclass(frozen=True)
class StageTracking:
    """Which fields of an entity a pipeline's history keeps beside the stage."""

    amount: str | None = None
    close_date: str | None = None
    category: str | None = None


@dataclass(frozen=True)
class Entity:
    """A kind of record: account, contact, opportunity.

    ``model`` is a mapped class with :class:`tenon.api.RecordColumns`; its
    fields are the columns made by ``tenon.api`` field functions. ``plural``
    names the collection in URLs (``opportunities``). ``title`` names the field
    or fields a person knows the record by. ``natural_key`` names the fields by
    which an import finds a record again. ``stages`` is set for entities that move
    through pipelines (their model has :class:`tenon.api.StageColumns`).
    ``icon`` is the name of a Tabler icon. ``validate(work, change)`` is called before
    each write, ahead of guards: it may add values and refuse with reasons.

    ``owner`` is the field that names the user whose record it is. A record without an owner
    of its own can be as near to people as another one: ``within`` is the reference that
    leads there (an order's line is within its order). ``administrative`` kinds say who works
    here and what they may do: a policy that means them has to name them.
    """

    name: str
    model: type[Any]
    label: Message
    label_plural: Message
    plural: str
    title: str | tuple[str, ...] = "name"
    natural_key: tuple[str, ...] = ()
    list_columns: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    default_sort: str = "-created_at"
    stages: StageTracking | None = None
    party: str | None = None
    icon: str = "file"
    menu: bool = True
    validate: Callable[..., None] | None = None
    description: Message | None = None
    owner: str = "owner_id"
    within: str | None = None
    administrative: bool = False
    modes: Modes = EVERY_MODE


@dataclass(frozen=True)
class EntityExtension:
    """Fields that a plugin adds to an entity it does not own.

    ``model`` is a mapped class with :class:`tenon.api.ExtensionColumns`: a 1:1
    side table whose primary key is the extended record's id. The API nests
    the fields as ``ext.<key>``; ``key`` is the plugin's name unless given.
    """

    entity: str
    model: type[Any]
    label: Message
    key: str = ""
    modes: Modes = EVERY_MODE


@dataclass(frozen=True)
class PrivateTable:
    """A rule for a table of a plugin's own that is no kind of record: whose rows they are.

    The column ``within`` of ``model`` holds the id of a record of ``entity``. Through
    ``work.session`` whoever may read the record sees the row, and whoever may change the record
    may write it. A table without a rule is the system's alone.
    """

    model: type[Any]
    entity: str
    within: str
    modes: Modes = EVERY_MODE


# Pipelines

Status = Literal["open", "won", "lost"]


@dataclass(frozen=True)
class Stall:
    """When a record in a stage counts as stalled: ``after`` without activity."""

    after: timedelta
    message: Message | None = None


@dataclass(frozen=True)
class Approval:
    """Who has to agree before a transition happens.

    ``steps`` are asked one after the other; within a step everybody is asked
    at once and ``quorum`` of them suffice (``None``: all of them).
    ``when`` is a condition on the record; without it approval is always asked.
    """

    key: str
    label: Message
    steps: tuple[ApprovalStep, ...]
    when: Condition | None = None


@dataclass(frozen=True)
class ApprovalStep:
    """One round of votes. ``approvers`` are user refs: ``user:<email>``,
    ``manager`` (the requester's manager), ``manager+1`` (theirs), ``team:<name>`` (every
    member), ``role:<name>``, ``owner`` or ``field:<path>``."""

    approvers: tuple[str, ...]
    quorum: int | None = None
    remind_after: timedelta | None = None
    escalate_after: timedelta | None = None
    escalate_to: tuple[str, ...] = ("manager",)


@dataclass(frozen=True)
class Condition:
    """A test on a record, as data: a field path, an operator, a value.

    Operators are those of the filter grammar (``eq``, ``ne``, ``gt``, ``gte``,
    ``lt``, ``lte``, ``in``, ``contains``, ``empty``). ``message`` is what a person is told
    when it does not hold.
    """

    field: str
    op: str
    value: Any = None
    message: Message | None = None


@dataclass(frozen=True)
class Guard:
    """What must be true before a record may enter (or leave) a stage.

    ``requires`` are fields that must hold a value, ``conditions`` must all
    hold, ``check`` names a plugin's own guard (see ``guard_transition``).
    """

    requires: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    checks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stage:
    """A step of a pipeline. ``key`` is stable; ``status`` is canonical, so that
    reports survive a customer's own stages. ``probability`` is 0 to 100.
    ``entry`` and ``exit`` guard every transition into and out of the stage."""

    key: str
    label: Message
    status: Status = "open"
    probability: int = 0
    category: str | None = None
    entry: Guard = Guard()
    exit: Guard = Guard()
    stall: Stall | None = None
    help: Message | None = None


@dataclass(frozen=True)
class Transition:
    """A move that is allowed. ``source`` and ``target`` are stage keys; ``*`` as
    source means any open stage. ``approvals`` are asked in order."""

    source: str
    target: str
    label: Message | None = None
    guard: Guard = Guard()
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True)
class Pipeline:
    """A way of selling: stages in their order and the moves between them.

    Without ``transitions`` a record may move from any stage that is open to
    any other, and from a closed one back to an open one (reopen).
    """

    key: str
    entity: str
    label: Message
    stages: tuple[Stage, ...]
    transitions: tuple[Transition, ...] = ()
    default: bool = False
    modes: Modes = EVERY_MODE


@dataclass(frozen=True)
class InsertStage:
    """Put a new stage behind the stage ``after``."""

    stage: Stage
    after: str


@dataclass(frozen=True)
class DisableStage:
    """Take a stage away. ``move_to`` is where records still in it go."""

    stage: str
    move_to: str | None = None


@dataclass(frozen=True)
class AddGuard:
    """Guard moves into (``entry``) or out of (``exit``) a stage, beside the guards it has."""

    stage: str
    entry: Guard = Guard()
    exit: Guard = Guard()


@dataclass(frozen=True)
class RelabelStage:
    """Call a stage by another name; its key stays."""

    stage: str
    label: Message


@dataclass(frozen=True)
class AddTransition:
    """Allow another move, or guard it."""

    transition: Transition


PipelineChange = InsertStage | DisableStage | AddGuard | RelabelStage | AddTransition


@dataclass(frozen=True)
class PipelinePatch:
    """Ordered changes to another plugin's pipeline, against its stable stage keys."""

    pipeline: str
    changes: tuple[PipelineChange, ...]
    modes: Modes = EVERY_MODE


@dataclass(frozen=True)
class GuardCheck:
    """A plugin's own guard, named so that stages can ask for it.

    ``run(record, transition, work)`` returns the reasons against the move,
    none if it may go on. It must not write. An exception denies the move.
    """

    key: str
    run: Callable[..., Iterable[Denial]]
    modes: Modes = EVERY_MODE


@dataclass(frozen=True)
class Denial:
    """One reason against a transition. ``field`` is the path that would mend it."""

    code: str
    message: str
    field: str | None = None


# Permissions


@dataclass(frozen=True)
class Permission:
    """An action a policy can allow or refuse, such as ``opportunity:export``.

    The kernel itself knows read, create, update, archive, transition, override, assign,
    export, import, merge and customize for every entity (``KERNEL_ACTIONS``)."""

    key: str
    label: Message
    modes: Modes = EVERY_MODE


@dataclass(frozen=True)
class RoleTemplate:
    """A role a customer can start from. Several plugins may give lines for the same role.

    ``permissions`` are written ``<entity>:<action>``, ``*`` for any part, and, where not every
    record or field is meant, ``<entity>:<action>@<scope>/<field set>``: ``account:read@own``,
    ``*:read@team/basic``, ``via:account_id`` being a scope with an argument.
    """

    key: str
    label: Message
    permissions: tuple[str, ...]
    modes: Modes = EVERY_MODE


@dataclass(frozen=True)
class Scope:
    """A choice of records that policy lines can name: own, team, subtree.

    It is said twice, and the two are held together by tests on random worlds:
    ``rows(query)`` answers with a SQL predicate (see :class:`tenon.api.ScopeQuery`) and
    ``holds(view, record)`` with a truth in Python (see :class:`tenon.api.ScopeView`).
    ``argument`` names what stands after a colon, if something has to (``via:account_id``).
    ``examples`` are sentences for the administrator who chooses among scopes. ``because(view,
    record)`` gives the sentence that tells why it holds; without it the label does.
    """

    key: str
    label: Message
    rows: Callable[..., Any]
    holds: Callable[..., bool]
    because: Callable[..., Message | str] | None = None
    argument: Message | str | None = None
    examples: tuple[Message, ...] = ()
    modes: Modes = EVERY_MODE


@dataclass(frozen=True)
class NamedFieldSet:
    """A choice of fields that policy lines can name.

    ``show`` and ``hide`` map an entity's name, or ``*``, to field paths. With ``show`` only those
    are seen; with ``hide`` all but those. An entity that is in neither has all its fields.
    """

    key: str
    label: Message
    show: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hide: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    modes: Modes = EVERY_MODE


# Integrations, jobs, events


@dataclass(frozen=True)
class Subscriber:
    """A function told of events after they are committed.

    ``events`` are names or prefixes ending in ``.*``. ``run(event, tenon)``
    is called by the worker, at least once, in order per record; it is isolated
    from other subscribers and retried with back-off when it raises.
    """

    key: str
    events: tuple[str, ...]
    run: Callable[..., None]
    modes: Modes = EVERY_MODE


@dataclass(frozen=True)
class Job:
    """Work done by the worker, by the clock (``every``) or when enqueued.

    ``run(payload, tenon)`` is called at least once; ``payload`` is JSON data.
    """

    key: str
    run: Callable[..., None]
    label: Message | None = None
    every: timedelta | None = None
    max_attempts: int = 8
    modes: Modes = EVERY_MODE


@dataclass(frozen=True)
class Integration:
    """A system that Tenon talks to: the events it wants and how to reach it.

    ``deliver(event, tenon)`` sends one event through ``tenon.http``; ``probe(tenon)`` returns a
    sentence about its health. The exchange owns retries and order. Where nobody knows
    whether an event arrived, ``settle(event, tenon)`` is asked and answers ``done``,
    ``resend`` or ``hold``; without it the delivery waits for a person.
    """

    key: str
    label: Message
    events: tuple[str, ...]
    deliver: Callable[..., None]
    probe: Callable[..., str] | None = None
    settle: Callable[..., Literal["done", "resend", "hold"]] | None = None
    max_attempts: int = 12
    modes: Modes = EVERY_MODE


@dataclass(frozen=True)
class HealthCheck:
    """``run(tenon)`` raises when something is wrong; ``/readyz`` shows it and answers 503. A sentence that
    it gives says what is not well and no reason to stop: 200, with the status ``degraded``."""

    key: str
    label: Message
    run: Callable[..., Message | str | None]
    modes: Modes = EVERY_MODE


# User interface


@dataclass(frozen=True)
class Slot:
    """Something shown at a named place of a page.

    ``place`` is one of the places the kernel declares (``tenon plugins slots``),
    such as ``record.panel``, ``record.badge``, ``list.column``, ``board.badge``,
    ``home.widget``, ``menu.item``, ``form.after``. ``entity`` restricts it to one kind of
    record. ``render(context)`` returns the data that ``template`` shows, or for
    ``list.column`` takes a list of records and returns ``{id: text}`` in one call.
    ``permission`` hides it from those who lack it.
    """

    key: str
    place: str
    label: Message
    render: Callable[..., Any] | None = None
    template: str | None = None
    entity: str | None = None
    url: str | None = None
    icon: str | None = None
    permission: str | None = None
    weight: int = 100
    lazy: bool = False
    modes: Modes = EVERY_MODE


@dataclass(frozen=True)
class Endpoint:
    """Routes of a plugin: a Flask blueprint mounted at ``/api/v1/x/<plugin>``
    (``face="api"``) or ``/x/<plugin>`` (``face="web"``)."""

    key: str
    blueprint: Any
    face: Literal["api", "web"] = "api"
    openapi: Mapping[str, Any] = field(default_factory=dict)
    modes: Modes = EVERY_MODE


@dataclass(frozen=True)
class Command:
    """A Click command, run as ``tenon <plugin> <name>``, or as ``tenon <group> <name>``.

    ``group`` is one of the kernel's that waits for plugins' commands: ``access``.
    ``@click.pass_obj`` gives it a function that composes the deployment when it is called.
    """

    command: Any
    group: str = ""
    modes: Modes = EVERY_MODE


@dataclass(frozen=True)
class Seed:
    """Demo data: ``run(work, tenon)`` fills an empty database."""

    key: str
    run: Callable[..., None]
    modes: Modes = EVERY_MODE


Contribution = (
    Entity
    | EntityExtension
    | PrivateTable
    | Pipeline
    | PipelinePatch
    | GuardCheck
    | Permission
    | RoleTemplate
    | Scope
    | NamedFieldSet
    | Subscriber
    | Job
    | Integration
    | HealthCheck
    | Slot
    | Endpoint
    | Command
    | Seed
)

KERNEL_ACTIONS: Sequence[tuple[str, Message]] = (
    ("read", _("See")),
    ("create", _("Create")),
    ("update", _("Change")),
    ("archive", _("Archive and restore")),
    ("transition", _("Move between stages")),
    ("override", _("Move against a guard")),
    ("assign", _("Give to another owner")),
    ("export", _("Export")),
    ("import", _("Import")),
    ("merge", _("Merge duplicates")),
    ("customize", _("Add fields of one's own")),
)

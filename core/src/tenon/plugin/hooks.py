"""Register plugins with pluggy, check their hooks, and call those that decide.

Contribution hooks are called plugin by plugin, so that every contribution is
known by its giver. The hooks that decide or act are called through the typed
facade :class:`Hooks`; pluggy's own callers are untyped.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pluggy

from ..nearest import did_you_mean, listed
from . import contributions as c
from . import hookspecs
from .discovery import Candidate
from .report import Code, PluginProblem

if TYPE_CHECKING:
    from ..access.policy import Policy
    from ..identity.actor import Actor

CONTRIBUTION_HOOKS: Mapping[str, type[Any]] = types.MappingProxyType(
    {
        "entities": c.Entity,
        "entity_extensions": c.EntityExtension,
        "private_tables": c.PrivateTable,
        "pipelines": c.Pipeline,
        "pipeline_patches": c.PipelinePatch,
        "guard_checks": c.GuardCheck,
        "permissions": c.Permission,
        "role_templates": c.RoleTemplate,
        "scopes": c.Scope,
        "field_sets": c.NamedFieldSet,
        "integrations": c.Integration,
        "subscribers": c.Subscriber,
        "jobs": c.Job,
        "health_checks": c.HealthCheck,
        "slots": c.Slot,
        "commands": c.Command,
        "seeds": c.Seed,
    }
)

# A build that silently lacks one of these lets through what they would refuse.
PROTECTED_HOOKS = (
    "access_policy",
    "field_sets",
    "guard_checks",
    "permissions",
    "pipelines",
    "pipeline_patches",
    "scopes",
)

SPECS: Mapping[str, tuple[str, ...]] = types.MappingProxyType(
    {
        name: tuple(inspect.signature(spec).parameters)
        for name, spec in vars(hookspecs).items()
        if inspect.isfunction(spec) and hasattr(spec, f"{hookspecs.PROJECT}_spec")
    }
)


@dataclass(frozen=True)
class Implementation:
    """One hook of one plugin: the function and the line it begins on."""

    hook: str
    function: Any
    arguments: tuple[str, ...]
    wrapper: bool
    optional: bool
    line: str


def new_manager() -> pluggy.PluginManager:
    """A plugin manager that knows every hook of :mod:`tenon.plugin.hookspecs`."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def implementations(candidate: Candidate, plugin: Any, manager: pluggy.PluginManager) -> list[Implementation]:
    """What the plugin object implements, by the hook's name."""
    found = [
        _implementation(candidate, name, getattr(plugin, name), options)
        for name in dir(plugin)
        if (options := manager.parse_hookimpl_opts(plugin, name))
    ]
    return sorted(found, key=lambda i: i.hook)


def _implementation(
    candidate: Candidate, name: str, function: Any, options: Mapping[str, Any]
) -> Implementation:
    arguments = tuple(inspect.signature(function).parameters)
    return Implementation(
        hook=options.get("specname") or name,
        function=function,
        arguments=arguments,
        wrapper=bool(options.get("wrapper") or options.get("hookwrapper")),
        optional=bool(options.get("optionalhook")),
        line=function_line(candidate, function),
    )


def function_line(candidate: Candidate, function: Any) -> str:
    """``file:line`` of a function, or of the plugin when it has no source."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None or candidate.location is None:
        return candidate.module
    return f"{candidate.location.display(code.co_filename)}:{code.co_firstlineno}"


def check_hooks(candidate: Candidate, plugin: Any, found: list[Implementation]) -> Iterator[PluginProblem]:
    """Misspelt hooks, unknown arguments, wrappers, and hooks that lack their mark."""
    for implementation in found:
        if implementation.hook not in SPECS:
            if not implementation.optional:
                yield _unknown_hook(candidate, implementation)
            continue
        for argument in implementation.arguments:
            if argument not in SPECS[implementation.hook]:
                yield _unknown_argument(candidate, implementation, argument)
        if implementation.wrapper:
            yield candidate.problem(
                Code.HOOK_WRAPPER,
                implementation.line,
                f"The hook {implementation.hook!r} is a wrapper, which would change what other plugins give",
                "a plain hook: plugins extend each other, none overrides another",
                "Take wrapper=True out, and contribute a patch or an extension.",
            )
    yield from _unmarked(candidate, plugin, {i.hook for i in found})


def _unknown_hook(candidate: Candidate, found: Implementation) -> PluginProblem:
    return candidate.problem(
        Code.UNKNOWN_HOOK,
        found.line,
        f"Unknown hook {found.hook!r}{did_you_mean(found.hook, SPECS)}",
        f"one of {listed(SPECS, 40)}",
        "Rename the function; `tenon plugins hooks` lists every hook.",
    )


def _unknown_argument(candidate: Candidate, found: Implementation, argument: str) -> PluginProblem:
    known = SPECS[found.hook]
    takes = f"{found.hook}({', '.join(known)})"
    return candidate.problem(
        Code.UNKNOWN_HOOK_ARGUMENT,
        found.line,
        f"The hook {found.hook!r} has no argument {argument!r}{did_you_mean(argument, known)}",
        f"{takes}, or fewer of its arguments",
        f"Rename or drop the argument {argument!r}.",
    )


def _unmarked(candidate: Candidate, plugin: Any, marked: set[str]) -> Iterator[PluginProblem]:
    for name in sorted(set(SPECS) - marked):
        function = getattr(plugin, name, None)
        if inspect.isfunction(function) and function.__module__ == getattr(plugin, "__name__", None):
            yield candidate.problem(
                Code.HOOK_NOT_MARKED,
                function_line(candidate, function),
                f"The function {name!r} has the name of a hook, but is not marked as one",
                f"@hookimpl above def {name}",
                "Write `from tenon.api import hookimpl` and mark it, or rename the function.",
            )


class Hooks:
    """The hooks that decide or act, typed.

    Where the first answer decides, plugins that come later in the load order
    are asked first: they know those they build upon.
    """

    def __init__(self, manager: pluggy.PluginManager, order: tuple[str, ...], modes: frozenset[str]) -> None:
        self._manager = manager
        self._order = order
        self._modes = modes

    def assign_owner(self, entity: str, values: dict[str, Any], actor: Actor) -> str | None:
        """The id of the user who shall own a new record; ``None``: nobody has an opinion."""
        answer: str | None = self._manager.hook.assign_owner(entity=entity, values=values, actor=actor)
        return answer

    def access_policy(self, tenon: Any) -> Policy | None:
        """The policy that a plugin gives, or ``None``."""
        policy: Policy | None = self._manager.hook.access_policy(tenon=tenon)
        return policy

    def endpoints(self, tenon: Any) -> list[tuple[str, c.Endpoint]]:
        """Routes of plugins for the modes in force, as (plugin, endpoint) in load order."""
        found = []
        for name, function, arguments in self._calls("endpoints"):
            for endpoint in function(**({"tenon": tenon} if arguments else {})) or ():
                if not isinstance(endpoint, c.Endpoint):
                    raise TypeError(
                        f"The hook 'endpoints' of {name!r} gave {type(endpoint).__name__}, not Endpoint"
                    )
                if not endpoint.modes or endpoint.modes & self._modes:
                    found.append((name, endpoint))
        return found

    def startup(self, tenon: Any) -> None:
        """Tell every plugin, in load order, that everything is composed."""
        for _, function, arguments in self._calls("startup"):
            function(**({"tenon": tenon} if arguments else {}))

    def _calls(self, hook: str) -> list[tuple[str, Any, tuple[str, ...]]]:
        calls = [
            (i.plugin_name, i.function, tuple(i.argnames))
            for i in getattr(self._manager.hook, hook).get_hookimpls()
        ]
        return sorted(calls, key=lambda call: self._order.index(call[0]))

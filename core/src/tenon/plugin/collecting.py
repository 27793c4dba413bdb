"""Ask every plugin for its contributions, and check the shape of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from ..nearest import did_you_mean, listed
from ..settings import MODES
from .discovery import Candidate
from .hooks import CONTRIBUTION_HOOKS, Implementation
from .importing import blamed_line, described
from .report import Code, PluginProblem
from .sources import call_line


@dataclass(frozen=True)
class Given:
    """A contribution and where it came from: plugin, hook, the hook's line."""

    candidate: Candidate
    hook: str
    contribution: Any
    hook_line: str

    @property
    def plugin(self) -> str:
        return self.candidate.name

    @property
    def key(self) -> str:
        """What the contribution is known by."""
        return key_of(self.contribution)

    @property
    def line(self) -> str:
        """The line that names the contribution, or else its hook's."""
        kind = type(self.contribution).__name__
        return call_line(self.candidate.location, kind, self.key) or self.hook_line

    def problem(
        self, code: Code, what: str, expected: str = "", hint: str = "", where: str = ""
    ) -> PluginProblem:
        return self.candidate.problem(code, where or self.line, what, expected, hint)


def key_of(contribution: Any) -> str:
    """``key``, ``name``, or the thing that the contribution is for."""
    for name in ("key", "name", "entity", "pipeline"):
        value = getattr(contribution, name, None)
        if isinstance(value, str) and value:
            return value
    return str(getattr(getattr(contribution, "command", None), "name", ""))


def collect(candidate: Candidate, found: Sequence[Implementation]) -> tuple[list[Given], list[PluginProblem]]:
    """Everything one plugin contributes, and what is wrong with its shape."""
    given: list[Given] = []
    problems: list[PluginProblem] = []
    by_hook = {implementation.hook: implementation for implementation in found}
    for hook in CONTRIBUTION_HOOKS:
        if hook not in by_hook:
            continue
        fresh, fault = _call(candidate, by_hook[hook])
        problems += [fault] if fault else []
        for contribution in fresh:
            faults = list(_shape(contribution))
            problems += [contribution.problem(*fault_) for fault_ in faults]
            given += [] if faults else [contribution]
    return given, problems


def _call(candidate: Candidate, hook: Implementation) -> tuple[list[Given], PluginProblem | None]:
    kind = CONTRIBUTION_HOOKS[hook.hook]
    expected = f"an iterable of {kind.__name__}"
    try:
        answer = hook.function()
        # A generator runs here, so that what it raises is its plugin's fault too.
        items = list(answer) if _is_collection(answer) else None
    except Exception as error:
        return [], candidate.problem(
            Code.HOOK_FAILED,
            blamed_line(candidate.location, error) or hook.line,
            f"The hook {hook.hook!r} raised {described(error)}",
            expected,
            "Mend that line; a contribution hook only builds data.",
        )
    if items is None:
        return [], candidate.problem(
            Code.WRONG_CONTRIBUTION,
            hook.line,
            f"The hook {hook.hook!r} returned {_article(answer)}",
            expected,
            f"Return a list: `return [{kind.__name__}(…)]`.",
        )
    wrong = next((item for item in items if not isinstance(item, kind)), None)
    if wrong is not None:
        return [], candidate.problem(
            Code.WRONG_CONTRIBUTION,
            hook.line,
            f"The hook {hook.hook!r} gave {_article(wrong)}",
            expected,
            _other_hook(wrong) or f"Give {kind.__name__} from tenon.api.",
        )
    return [Given(candidate, hook.hook, item, hook.line) for item in items], None


def _is_collection(answer: Any) -> bool:
    return hasattr(answer, "__iter__") and not isinstance(answer, str | bytes | dict)


def _article(value: Any) -> str:
    return "nothing" if value is None else f"an object of type {type(value).__name__}"


def _other_hook(wrong: Any) -> str | None:
    right = next((hook for hook, kind in CONTRIBUTION_HOOKS.items() if isinstance(wrong, kind)), None)
    return f"Return it from the hook {right!r} instead." if right else None


Fault = tuple[Code, str, str, str]


def _shape(given: Given) -> Iterator[Fault]:
    yield from _texts_for_tuples(given.contribution, type(given.contribution).__name__)
    yield from _modes(given)


def _texts_for_tuples(value: Any, path: str) -> Iterator[Fault]:
    """``("name")`` is a text, not a tuple of one: Python's comma, forgotten."""
    for item in fields(value):
        inner = getattr(value, item.name)
        if isinstance(inner, str) and str(item.type).startswith("tuple["):
            yield (
                Code.WRONG_CONTRIBUTION,
                f"{path}.{item.name} is the text {inner!r}",
                "a tuple",
                f'Write ("{inner}",), with the comma.',
            )
        for part in inner if isinstance(inner, tuple) else (inner,):
            if is_dataclass(part) and not isinstance(part, type):
                yield from _texts_for_tuples(part, f"{path}.{item.name}")


def _modes(given: Given) -> Iterator[Fault]:
    modes = given.contribution.modes
    if not isinstance(modes, frozenset | set):
        yield (
            Code.WRONG_CONTRIBUTION,
            f"The modes of {given.key!r} are {modes!r}",
            "a frozenset of modes",
            'Write modes=frozenset({"b2b"}).',
        )
        return
    manifest = given.candidate.manifest
    declared = manifest.modes if manifest and manifest.modes else frozenset(MODES)
    for mode in sorted(modes - declared):
        yield (
            Code.MODE_MISMATCH,
            f"{given.key!r} is for the mode {mode!r}, which the plugin does not serve"
            f"{did_you_mean(mode, declared)}",
            f"one of {listed(declared)}",
            f'Add "{mode}" to `modes` in plugin.toml, or take it out of the contribution.'
            if mode in MODES
            else "Rename the mode.",
        )

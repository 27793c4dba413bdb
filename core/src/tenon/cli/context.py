"""How a command gets at the deployment.

``ctx.obj`` of the outermost command is a function that composes it, so that ``--help`` and
commands that need no deployment stay quick.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from ..app import Tenon

P = ParamSpec("P")
R = TypeVar("R")


def pass_tenon(command: Callable[Concatenate[Tenon, P], R]) -> Callable[P, R]:
    """Hand the composed deployment to a command as its first argument."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        compose: Callable[[], Tenon] = click.get_current_context().obj
        return command(compose(), *args, **kwargs)

    return run

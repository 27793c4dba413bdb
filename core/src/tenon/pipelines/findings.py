"""What the check of a pipeline's definition finds, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import ConfigError, Problem
from ..messages import _
from .compiled import Origin


@dataclass(frozen=True)
class Finding:
    """One thing wrong with a definition.

    ``code`` is a stable word for programs, ``detail`` a sentence for people,
    ``origin`` where the part was said that is wrong.
    """

    code: str
    detail: str
    pipeline: str
    origin: Origin

    def as_problem(self) -> Problem:
        """The finding as an error lists it."""
        extra = {"pipeline": self.pipeline, "origin": str(self.origin)}
        return Problem(f"/pipelines/{self.pipeline}", self.code, self.detail, extra)


class PipelinesError(ConfigError):
    """The pipelines cannot work as they are defined."""

    code = "pipelines"
    title = _("The pipelines cannot work as they are defined")


def require_sound(findings: Sequence[Finding]) -> None:
    """Raise :class:`PipelinesError` with every finding, if there is any."""
    if findings:
        raise PipelinesError(
            problems=[finding.as_problem() for finding in findings],
            hint=_("Mend what is listed, then run: tenon pipelines check"),
        )

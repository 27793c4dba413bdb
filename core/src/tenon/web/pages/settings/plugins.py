"""What the deployment is made of: plugins that run, those that do not, and why."""

from __future__ import annotations

from flask import Blueprint, render_template

from ...context import tenon
from .admin import admins_only


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/settings/plugins", "plugins", plugins)


@admins_only
def plugins() -> str:
    loaded = tenon().plugins
    return render_template(
        "tenon/settings/plugins.html",
        running=loaded.order,
        off=loaded.off,
        problems=loaded.problems,
        modes=sorted(tenon().settings.modes),
    )

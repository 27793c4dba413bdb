"""Teams as a tree, and the chart of who reports to whom."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ....errors import ConflictError, InvalidError, StaleError, TenonError
from ....identity.chart import chart, team_tree
from ....messages import _
from ...context import actor, tenon
from ...notices import flash
from .admin import admins_only
from .people import choices, sent_values

FIELDS = ("name", "parent_id", "manager_id", "region")


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/settings/teams", "teams", teams)
    pages.add_url_rule("/settings/teams", "add_team", add_team, methods=["POST"])
    pages.add_url_rule("/settings/teams/<uuid:team_id>", "team", team)
    pages.add_url_rule("/settings/teams/<uuid:team_id>", "change_team", change_team, methods=["POST"])


@admins_only
def teams() -> str:
    return _tree()


def _tree(error: TenonError | None = None) -> str:
    with tenon().records.reading(actor(), via="web") as work:
        people, groups = choices(work, "user"), choices(work, "team")
    with tenon().storage.snapshot() as connection:
        return render_template(
            "tenon/settings/teams.html",
            tree=team_tree(connection),
            chart=chart(connection),
            people=people,
            teams=groups,
            shown=request.form,
            error=error,
        )


@admins_only
def add_team() -> Response | tuple[str, int]:
    try:
        with tenon().records.writing(actor(), via="web") as work:
            made = work.create("team", sent_values(FIELDS))
    except (InvalidError, ConflictError) as error:
        return _tree(error), error.status
    flash(_("The team %(name)s is made.", name=made.title), "success")
    return redirect(url_for("web.teams"), 303)


@admins_only
def team(team_id: UUID) -> str:
    return _team(team_id)


def _team(team_id: UUID, error: TenonError | None = None) -> str:
    with tenon().records.reading(actor(), via="web") as work:
        record = work.get("team", team_id)
        below = tenon().identity.org.teams_below(team_id, work.unguarded)
        return render_template(
            "tenon/settings/teams_team.html",
            record=record,
            shown=request.form if error is not None else record,
            people=choices(work, "user", record["manager_id"]),
            teams=[c for c in choices(work, "team", record["parent_id"]) if c[0] not in below],
            members=tenon().identity.org.members_of(team_id, work.unguarded),
            error=error,
        )


@admins_only
def change_team(team_id: UUID) -> Response | tuple[str, int]:
    try:
        with tenon().records.writing(actor(), via="web") as work:
            expect = request.form.get("version", type=int)
            if request.form.get("action") == "archive":
                saved = work.archive("team", team_id, expect=expect)
            else:
                saved = work.update("team", team_id, sent_values(FIELDS), expect=expect)
    except (InvalidError, ConflictError, StaleError) as error:
        return _team(team_id, error), error.status
    flash(_("%(name)s is changed.", name=saved.title), "success")
    return redirect(url_for("web.teams"), 303)

"""Where the settings begin: what there is to set, and pages that plugins bring."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, render_template, url_for

from ....messages import Message, _
from ... import slots
from .admin import admins_only


@dataclass(frozen=True)
class Part:
    label: Message | str
    text: Message | None
    url: str
    icon: str


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/settings", "settings", settings)
    pages.add_url_rule("/settings/plugin/<key>", "plugin_settings", plugin_settings)


@admins_only
def settings() -> str:
    own = [
        Part(
            _("Fields"),
            _("Fields of your own, for every kind of record."),
            url_for("web.custom_fields"),
            "forms",
        ),
        Part(
            _("People"),
            _("Who works here, their roles, and who may sign in."),
            url_for("web.people"),
            "users",
        ),
        Part(
            _("Teams and org chart"),
            _("Teams, their managers, and who reports to whom."),
            url_for("web.teams"),
            "sitemap",
        ),
        Part(
            _("Second steps"),
            _("Who signs in with a code as well, and taking one away."),
            url_for("web.second_steps"),
            "lock",
        ),
        Part(_("API keys"), _("Keys with which programs act for a user."), url_for("web.api_keys"), "key"),
        Part(_("Webhooks"), _("Addresses that are told of events."), url_for("web.webhooks"), "webhook"),
        Part(_("Plugins"), _("What this deployment is made of."), url_for("web.plugins"), "puzzle"),
        Part(_("Health"), _("The worker, what waits and what failed."), url_for("web.health"), "activity"),
        Part(
            _("Access log"),
            _("Who was refused what, who signed in, what was exported."),
            url_for("web.access_log"),
            "shield-lock",
        ),
    ]
    brought = [
        Part(
            slot.label,
            None,
            slot.url or url_for("web.plugin_settings", key=f"{plugin}.{slot.key}"),
            slot.icon or "puzzle",
        )
        for plugin, slot in slots.slots_at("settings.page")
    ]
    return render_template("tenon/settings/overview.html", parts=[*own, *brought])


@admins_only
def plugin_settings(key: str) -> str:
    part = slots.one("settings.page", key, slots.context())
    if part is None:
        abort(404)
    return render_template("tenon/settings/plugin_page.html", part=part)

"""The policy as lines: to read as a table, to edit as the file that it is."""

from __future__ import annotations

from flask import Blueprint, Response, request

from tenon.api import _

from ..checking import check_text
from ..document import as_toml
from .activating import proposed
from .parts import document, number_sent, page, policy

MOST_SHOWN = 1_000


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/lines", "lines", lines)
    pages.add_url_rule("/lines", "change_lines", change_lines, methods=["POST"])
    pages.add_url_rule("/policy.toml", "download", download)


def lines() -> str:
    return page(
        "lines", "lines", text=as_toml(document()), after=policy().number, findings=[], most=MOST_SHOWN
    )


def change_lines() -> str | tuple[str, int]:
    text = request.form.get("text", "")
    changed, findings = check_text(text, policy().names)
    if changed is None or any(f.severity == "error" for f in findings):
        parts = {"text": text, "after": number_sent(), "findings": findings, "most": MOST_SHOWN}
        return page("lines", "lines", **parts), 422
    return proposed(changed, number_sent(), _("Edited as lines"), "lines")


def download() -> Response:
    return Response(
        as_toml(document()),
        mimetype="application/toml",
        headers={"Content-Disposition": f"attachment; filename=policy-{policy().number}.toml"},
    )

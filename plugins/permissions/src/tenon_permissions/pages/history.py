"""The policies that were in force: who, when, why, what changed, and going back."""

from __future__ import annotations

from flask import Blueprint, request

from tenon.api import NotFoundError, _

from ..difference import difference
from .activating import proposed
from .parts import document_sent, number_sent, page, policy

SHOWN = 200


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/history", "history", history)
    pages.add_url_rule("/history/difference", "compare", compare)
    pages.add_url_rule("/history/restore", "restore", restore, methods=["POST"])


def history() -> str:
    return page("history", "history", entries=policy().revisions.history(SHOWN), number=policy().number)


def compare() -> str:
    before, after = (request.args.get(name, 0, type=int) for name in ("before", "after"))
    if not before or not after:
        raise NotFoundError(_("Choose the two policies to compare"))
    revisions = policy().revisions
    marks = difference(revisions.load(before), revisions.load(after))
    return page("difference", "history", before=before, after=after, difference=marks)


def restore() -> str:
    document_sent()
    number = request.form.get("number", 0, type=int)
    earlier = policy().revisions.load(number)
    return proposed(earlier, number_sent(), _("Back to %(number)d", number=number), "history")

"""What a change would do, shown before it is in force; and putting it in force."""

from __future__ import annotations

import base64
import binascii
import json
import zlib

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from tenon.api import BadRequestError, Message, _, current_actor

from ..defaults import default_document
from ..difference import difference
from ..document import PolicyDocument, document_of
from ..whatif import compare
from .parts import document_sent, number_sent, page, policy, say, tenon

MOST_BYTES = 5_000_000
MOST_TOTALS = 60
MOST_PEOPLE = 50


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/activate", "activate", activate, methods=["POST"])
    pages.add_url_rule("/begin", "begin", begin, methods=["POST"])


def proposed(proposal: PolicyDocument, after: int, note: Message | str, tab: str = "roles") -> str:
    """The page that says what a proposal would change. It travels in the page's own form."""
    found = compare(policy(), proposal)
    return page(
        "whatif",
        tab,
        comparison=found,
        totals=found.totals()[:MOST_TOTALS],
        people=found.by_person()[:MOST_PEOPLE],
        difference=difference(policy().snapshot.document, proposal),
        proposal=pack(proposal) if found.sound else "",
        after=after,
        note=note,
    )


def activate() -> Response:
    number = policy().revisions.add(
        unpack(request.form.get("proposal", "")),
        policy().names,
        current_actor(),
        note=request.form.get("note", "").strip() or None,
        after=number_sent(),
    )
    policy().changed()
    say(_("Policy %(number)d is in force.", number=number))
    return redirect(url_for("permissions_access.roles"), 303)


def begin() -> str:
    """The suggested policy, where there is none."""
    document_sent()
    return proposed(default_document(tenon()), number_sent(), _("The suggested policy"))


def pack(document: PolicyDocument) -> str:
    """A policy as a short text for a hidden field."""
    return base64.b64encode(zlib.compress(json.dumps(document.as_data()).encode())).decode()


def unpack(text: str) -> PolicyDocument:
    """The inverse of :func:`pack`; ``BadRequestError`` for anything else, or for too much of it."""
    try:
        inflated = zlib.decompressobj()
        data = inflated.decompress(base64.b64decode(text, validate=True), MOST_BYTES)
        if inflated.unconsumed_tail or not inflated.eof:
            raise ValueError("too large")
        return document_of(json.loads(data))
    except (ValueError, binascii.Error, zlib.error) as error:
        raise BadRequestError(
            _("The form does not hold a policy: %(error)s", error=str(error)),
            hint=_("Go back and send it again; for a very large one use: tenon access import"),
        ) from error

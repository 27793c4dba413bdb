"""A person at a browser without a script: follows links, fills forms, reads what is there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

from flask.testing import FlaskClient

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
# Of these at least one is open to somebody signed in, half signed in, or not at all.
FORMS = ("/preferences", "/account/two-step", "/sign-in")


@dataclass(frozen=True)
class Page:
    """An answer: ``text`` is what a person reads of it."""

    status: int
    html: str
    headers: Any
    location: str

    @property
    def text(self) -> str:
        main = self.html.partition("<main")[2] or self.html
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())

    @property
    def title(self) -> str:
        return unescape(re.search(r"<title>(.*?)</title>", self.html, re.S)[1])  # type: ignore[index]

    @property
    def links(self) -> list[str]:
        return [unescape(href) for href in re.findall(r'href="([^"]+)"', self.html)]


class Visitor:
    """Wraps Flask's test client: forms bring the token that the page before gave."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self._token: str | None = None

    def get(self, url: str, *, htmx: bool = False, **options: Any) -> Page:
        headers = {"HX-Request": "true"} if htmx else {}
        return self._page(self.client.get(url, headers=headers, **options))

    def post(
        self, url: str, data: dict[str, Any] | None = None, *, follow: bool = False, htmx: bool = False
    ) -> Page:
        sent = {"csrf_token": self.token(), **(data or {})}
        headers = {"Sec-Fetch-Site": "same-origin"} | ({"HX-Request": "true"} if htmx else {})
        return self._page(self.client.post(url, data=sent, headers=headers, follow_redirects=follow))

    def token(self) -> str:
        if self._token is None:
            pages = (self.client.get(url).get_data(as_text=True) for url in FORMS)
            self._token = next(found[1] for page in pages if (found := TOKEN.search(page)))
        return self._token

    @staticmethod
    def _page(answer: Any) -> Page:
        html = answer.get_data(as_text=True)
        answer.close()
        return Page(answer.status_code, html, answer.headers, answer.headers.get("Location", ""))

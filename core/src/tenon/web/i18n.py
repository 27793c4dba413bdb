"""Languages: catalogues of the kernel and its plugins, and whoever reads a page.

A package's texts stand in ``<package>/locale/<locale>/LC_MESSAGES/messages.po``. The
files are read once per process, so nothing has to be compiled. English is the text itself.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from gettext import NullTranslations
from importlib.resources import files
from threading import Lock
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError, dates, lists, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from ..messages import Message, _

LOCALES = ("en", "zh_Hans", "ar", "vi")


class Catalogues:
    """The translations of several packages, merged per locale.

    A later package's text wins over an earlier one's, so the kernel comes first.
    """

    def __init__(self, packages: Iterable[str]) -> None:
        self.packages = tuple(packages)
        self._found: dict[str, NullTranslations] = {}
        self._lock = Lock()

    def of(self, locale: str) -> NullTranslations:
        """The translations for ``locale``; English for one without catalogues."""
        with self._lock:
            if locale not in self._found:
                self._found[locale] = self._read(locale)
            return self._found[locale]

    def _read(self, locale: str) -> NullTranslations:
        merged: Translations | None = None
        for package in self.packages:
            catalogue = _catalogue(package, locale)
            if catalogue is not None:
                merged = catalogue if merged is None else merged.merge(catalogue)
        return merged if merged is not None else NullTranslations()


def _catalogue(package: str, locale: str) -> Translations | None:
    po = files(package).joinpath("locale", locale, "LC_MESSAGES", "messages.po")
    if not po.is_file():
        return None
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(po.read_bytes()), locale=locale))
    compiled.seek(0)
    return Translations(compiled)


def known_locale(name: str | None) -> str | None:
    """The one of :data:`LOCALES` that ``name`` (``zh-CN``, ``ar_EG``) is read in, if any."""
    if not name:
        return None
    try:
        wanted = Locale.parse(name.replace("-", "_"), resolve_likely_subtags=True)
    except (ValueError, UnknownLocaleError):
        return None
    exact = f"{wanted.language}_{wanted.script}"
    return exact if exact in LOCALES else wanted.language if wanted.language in LOCALES else None


def best_locale(accepted: Iterable[str]) -> str | None:
    """The first of a browser's languages, in its order, that we have."""
    return next((found for found in map(known_locale, accepted) if found), None)


def known_timezone(name: str | None) -> tzinfo:
    """The zone called ``name``; UTC for one that nobody knows."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


@dataclass(frozen=True)
class Reader:
    """Whoever reads a page: the language and the clock that texts and values are shown in."""

    locale: Locale
    timezone: tzinfo
    translations: NullTranslations
    today: date

    @property
    def name(self) -> str:
        """``zh_Hans``: one of :data:`LOCALES`."""
        return str(self.locale)

    @property
    def tag(self) -> str:
        """``zh-Hans``: for HTML's ``lang``."""
        return self.name.replace("_", "-")

    @property
    def direction(self) -> str:
        return self.locale.text_direction

    def text(self, text: str, /, **params: Any) -> str:
        """A text in the reader's language. A :class:`Message` brings its own params."""
        if isinstance(text, Message):
            params = {**text.params, **params}
            text = text.msgid
        found = self.translations.gettext(text) if text else ""
        return found % {name: self._param(value) for name, value in params.items()} if params else found

    def _param(self, value: Any) -> Any:
        """A label inside a sentence is translated with it, and keeps its own direction there."""
        return self.isolated(self.text(value) if isinstance(value, Message) else value)

    def isolated(self, value: Any) -> Any:
        """A text as a part of a sentence. From right to left, a name or a date in other letters would
        pull the punctuation around it to its other side; FSI and PDI keep it by itself (UAX 9)."""
        if self.direction == "ltr" or type(value) not in (str, Message):
            return value
        return f"\u2068{value}\u2069"

    def plural(self, one: str, many: str, n: int, /, **params: Any) -> str:
        """The form for ``n`` things; ``%(num)s`` is ``n`` as the reader writes it."""
        found = self.translations.ngettext(one, many, n)
        return found % {"num": self.number(n), **params}

    def label(self, label: str) -> str:
        """A label: translated when code marked it, as it is when a customer typed it."""
        return self.text(label) if isinstance(label, Message) else label

    def listed(self, texts: Sequence[str], joined: Literal["and", "or"] = "and") -> str:
        """``Won or Lost``: several texts as one part of a sentence."""
        style: Literal["standard", "or"] = "or" if joined == "or" else "standard"
        return lists.format_list([self.isolated(text) for text in texts], style=style, locale=self.locale)

    def number(self, value: int | Decimal) -> str:
        return numbers.format_decimal(value, locale=self.locale, decimal_quantization=False)

    def money(self, amount: Decimal, currency: str | None) -> str:
        if not currency:
            return self.number(amount)
        return self._isolated(numbers.format_currency(amount, currency, locale=self.locale), currency)

    def short_money(self, amount: Decimal, currency: str | None) -> str:
        """``US$1.2M``: for column heads and charts."""
        if not currency:
            return numbers.format_compact_decimal(amount, locale=self.locale, fraction_digits=1)
        short = numbers.format_compact_currency(amount, currency, locale=self.locale, fraction_digits=1)
        return self._isolated(short, currency)

    def _isolated(self, text: str, currency: str) -> str:
        """An amount whose symbol keeps its own direction: from right to left, ``CN¥`` would read ``¥CN``."""
        if self.direction == "ltr":
            return text
        symbol = numbers.get_currency_symbol(currency, locale=self.locale)
        return text.replace(symbol, f"\u2066{symbol}\u2069")

    def date(self, value: date) -> str:
        return dates.format_date(value, "medium", locale=self.locale)

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.timezone)

    def moment(self, value: datetime) -> str:
        return dates.format_datetime(self.local(value), "medium", locale=self.locale).replace("\u202f", " ")

    def ago(self, past: datetime, now: datetime) -> str:
        """``3 days ago``; ``in 2 hours`` for a moment to come."""
        if abs(past - now) < timedelta(minutes=1):
            return self.text(_("just now"))
        return dates.format_timedelta(past - now, add_direction=True, locale=self.locale)

    def duration(self, length: timedelta) -> str:
        return dates.format_timedelta(length, locale=self.locale, threshold=1.2)


def reader_for(catalogues: Catalogues, locale: str, timezone: str | None, now: datetime) -> Reader:
    """A reader of one of :data:`LOCALES` in a named time zone."""
    zone = known_timezone(timezone)
    return Reader(Locale.parse(locale), zone, catalogues.of(locale), now.astimezone(zone).date())

"""Languages: every text is marked, every catalogue is merged, values read as the reader's own."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from gettext import NullTranslations
from html import unescape
from pathlib import Path

import pytest

from tenon.app import Tenon
from tenon.errors import InvalidError
from tenon.messages import Message, _
from tenon.web import catalogues
from tenon.web.i18n import Catalogues, best_locale, known_locale, reader_for
from tests.web.visitor import Visitor

Make = Callable[..., str]
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
TEMPLATES = Path(catalogues.__file__).parent / "templates"
ROOT = Path(__file__).parents[2]


class Bracketed(NullTranslations):
    """A language in which every translated text stands in brackets: what has none was not marked."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧" if message else ""

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


@pytest.mark.parametrize(
    ("name", "found"),
    [("zh-CN", "zh_Hans"), ("zh-Hans", "zh_Hans"), ("ar_EG", "ar"), ("vi", "vi"), ("en-GB", "en"),
     ("xx", None), ("de", None), ("", None), (None, None), ("zh-TW", None)],
)  # fmt: skip
def test_a_browsers_language_finds_the_one_we_have(name: str | None, found: str | None) -> None:
    assert known_locale(name) == found


def test_the_first_language_that_we_have_wins() -> None:
    assert best_locale(["de", "vi", "en"]) == "vi"


def test_a_page_reads_from_right_to_left_in_arabic(visitor: Visitor) -> None:
    visitor.post("/language", {"locale": "ar"})
    page = visitor.get("/accounts")
    assert '<html lang="ar" dir="rtl"' in page.html
    assert "tabler.rtl.min.css" in page.html
    visitor.post("/language", {"locale": "zh_Hans"})
    assert '<html lang="zh-Hans" dir="ltr"' in visitor.get("/accounts").html


def test_the_browsers_language_is_used_until_one_is_chosen(visitor: Visitor) -> None:
    page = visitor.client.get("/sign-in", headers={"Accept-Language": "vi,en;q=0.5"}, follow_redirects=True)
    assert '<html lang="vi"' in page.get_data(as_text=True)


PAGES = (
    "/", "/accounts", "/accounts/new", "/my-day", "/approvals", "/imports", "/imports/new", "/search?q=x",
    "/preferences", "/settings", "/settings/fields", "/settings/fields/accounts/new", "/settings/people",
    "/settings/api-keys", "/settings/webhooks", "/settings/plugins", "/settings/health",
    "/settings/access-log",
    "/nothing",
    "/accounts?add=revenue", "/accounts?filter[nope][eq]=1", "/opportunities/board/new_business",
)  # fmt: skip
EXAMPLES = {"EUR", "account:read opportunity:*", "https://example.com/hook"}
OWN_WORDS = {
    "Ada", "Tenon", "CSV", "Excel (XLSX)", "JSON lines", "/", "–", "*", "…", "·", "tnn_", "English", "中文",
    "العربية", "Tiếng Việt", "404", "ada@example.com", "Anna Example", "anna@example.com", "b2b", "b2c",
}  # fmt: skip


def unmarked(html: str) -> set[str]:
    """Texts of a page that no translation touched; names, numbers and the like left out."""
    html = re.sub(r"<(script|style|option|code|bdi|datalist)\b.*?</\1>", " ", html, flags=re.S)
    texts = {unescape(text).strip() for text in re.findall(r">([^<]+)<", html)}
    texts |= {unescape(text) for text in re.findall(r'(?:placeholder|aria-label|title|alt)="([^"{]+)"', html)}
    found = {without_marked(text).strip(" \n·:(),.") for text in texts}
    return {text for text in found if re.search(r"[^\W\d_]{2}", text)} - OWN_WORDS


def without_marked(text: str) -> str:
    """``text`` without what stands in brackets; a sentence has the brackets of its labels inside its own."""
    while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", "", text)) != text:
        text = shorter
    return text


@pytest.mark.parametrize("url", PAGES)
def test_no_text_of_a_page_is_left_unmarked(admin: Visitor, tenon: Tenon, url: str) -> None:
    tenon.app.extensions["tenon_catalogues"]._found["vi"] = Bracketed()
    admin.post("/language", {"locale": "vi"})
    page = admin.get(url)
    assert "⟦" in page.html
    known = {plugin.name for plugin in tenon.plugins.order} | {p.version for p in tenon.plugins.order}
    assert {text for text in unmarked(page.html) if text not in known and "tenon-crm" not in text} <= allowed(
        tenon
    )


def allowed(tenon: Tenon) -> set[str]:
    """What a deployment calls itself and its plugins' distributions."""
    return {plugin.distribution for plugin in tenon.plugins.order} | {"UTC", *EXAMPLES}


def test_the_check_for_unmarked_texts_finds_one() -> None:
    assert unmarked("<p>⟦Marked⟧</p><p>Hard-coded</p>") == {"Hard-coded"}


# Messages and values


def test_a_message_is_translated_with_the_labels_inside_it(tmp_path: Path) -> None:
    found = reader_for(Catalogues([]), "en", None, NOW)
    assert found.text(_("%(field)s is needed", field=_("Name"))) == "Name is needed"
    bracketed = type(found)(found.locale, found.timezone, Bracketed(), found.today)
    assert bracketed.text(_("%(field)s is needed", field=_("Name"))) == "⟦⟦Name⟧ is needed⟧"
    assert bracketed.label("what a customer typed") == "what a customer typed"


@pytest.mark.parametrize(
    ("locale", "money", "number"),
    [("en", "US$1,234,567.50", "1,234,567.5"), ("vi", "1.234.567,50\xa0US$", "1.234.567,5"),
     ("zh_Hans", "US$1,234,567.50", "1,234,567.5")],
)  # fmt: skip
def test_amounts_are_written_as_the_reader_writes_them(locale: str, money: str, number: str) -> None:
    found = reader_for(Catalogues([]), locale, None, NOW)
    shown = found.money(Decimal("1234567.50"), "USD")
    assert shown.replace("$", "US$").replace("USUS", "US") == money
    assert found.number(Decimal("1234567.5")) == number


def test_a_currency_keeps_its_own_direction_in_arabic() -> None:
    found = reader_for(Catalogues([]), "ar", None, NOW)
    assert "\u2066CN¥\u2069" in found.money(Decimal(10), "CNY")


def test_an_error_of_a_plugin_reads_in_the_readers_language() -> None:
    error = InvalidError(_("%(count)s records still have the choice %(key)s", count=3, key="a%b"))
    assert isinstance(error.message, Message)
    assert reader_for(Catalogues([]), "ar", None, NOW).text(error.message).count("a%b") == 1


# Catalogues


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with a text in Python, two in a template, and one with a plural."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "texts.py").write_text('from tenon.api import _\nTITLE = _("Machines")\n')
    (tmp_path / "templates" / "page.html").write_text(
        '<p>{{ _("Hello %(name)s", name=name) }}</p>{{ ngettext("%(num)s machine", "%(num)s machines", n) }}'
    )
    return tmp_path


def test_every_marked_text_is_found(package: Path) -> None:
    texts = {message.id for message in catalogues.marked_texts(package) if message.id}
    assert texts == {"Machines", "Hello %(name)s", ("%(num)s machine", "%(num)s machines")}


def test_the_check_names_every_text_without_translation(
    package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogues.main(["extract", str(package)])
    assert catalogues.main(["check", str(package)]) == 1
    assert capsys.readouterr().out.count("no translation of 'Machines'") == 3
    for locale in ("zh_Hans", "ar", "vi"):
        translate_everything(catalogues.po_file(package, locale))
    assert catalogues.main(["check", str(package)]) == 0


def test_a_translation_with_other_places_is_an_error(
    package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogues.main(["extract", str(package)])
    for locale in ("zh_Hans", "ar", "vi"):
        translate_everything(catalogues.po_file(package, locale), greeting="Hello %(nome)s")
    assert catalogues.main(["check", str(package)]) == 1
    assert "Hello %(name)s" in capsys.readouterr().out


def test_texts_of_a_template_with_statements_are_found(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text('{% do list.append(1) %}{{ _("Machines") }}')
    assert "Machines" in catalogues.marked_texts(tmp_path)


def test_a_file_of_texts_says_what_it_is_and_changes_only_with_its_texts(package: Path) -> None:
    catalogues.main(["extract", str(package)])
    path = catalogues.po_file(package, "ar")
    first = path.read_text("utf-8")
    assert not re.search("PROJECT|fuzzy", first)
    assert "nplurals=6" in first
    catalogues.main(["extract", str(package)])
    assert path.read_text("utf-8") == first


@pytest.mark.parametrize("folder", ["core/src/tenon", "plugins/b2b_accounts/src/tenon_b2b_accounts"])
def test_every_text_is_translated_into_every_language(folder: str) -> None:
    assert list(catalogues.check(ROOT / folder)) == []


def translate_everything(path: Path, greeting: str = "H %(name)s") -> None:
    text = path.read_text("utf-8")
    text = text.replace('msgid "Machines"\nmsgstr ""', 'msgid "Machines"\nmsgstr "M"')
    text = text.replace('msgid "Hello %(name)s"\nmsgstr ""', f'msgid "Hello %(name)s"\nmsgstr "{greeting}"')
    path.write_text(re.sub(r'msgstr\[(\d)\] ""', r'msgstr[\1] "%(num)s m"', text), "utf-8")


# What the policy forbids a template


def test_no_template_has_a_script_or_a_style_of_its_own() -> None:
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text), path.name
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), path.name


def test_own_styles_know_no_left_and_no_right() -> None:
    sheet = (TEMPLATES.parent / "static/css/tenon.css").read_text("utf-8")
    assert not re.search(
        r"(margin|padding|border)-(left|right)|[\s;{](left|right):|text-align: (left|right)", sheet
    )


def test_own_scripts_stay_small() -> None:
    lines = sum(
        len(path.read_text("utf-8").splitlines()) for path in (TEMPLATES.parent / "static/js").glob("*.js")
    )
    assert lines < 400


def test_a_name_keeps_its_own_direction_inside_an_arabic_sentence(visitor: Visitor, make: Make) -> None:
    make("account", name="Acme (Berlin)")
    visitor.post("/language", {"locale": "ar"})
    assert "\u2068Acme (Berlin)\u2069" in visitor.get("/accounts").html
    visitor.post("/language", {"locale": "en"})
    assert "\u2068" not in visitor.get("/accounts").html


def test_what_was_done_is_said_in_the_readers_language(visitor: Visitor, make: Make) -> None:
    id_ = make("account", name="Acme")
    visitor.post("/language", {"locale": "vi"})
    archived = visitor.post(f"/accounts/{id_}/archive", follow=True)
    assert "Đã lưu trữ “Acme”" in archived.text
    # The form that changes the language answers in the new one.
    assert "已保存偏好设置" in visitor.post("/preferences", {"locale": "zh-Hans"}, follow=True).html

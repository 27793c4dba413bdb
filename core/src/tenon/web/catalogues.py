"""Keep catalogues complete: ``python -m tenon.web.catalogues extract|check [FOLDER…]``.

A FOLDER is a package's source folder (``core/src/tenon``); without any, the kernel's own.
``extract`` finds every marked text and brings each language's ``messages.po`` up to date;
``check`` changes nothing and fails where a translation is missing, doubtful or broken.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from .i18n import LOCALES

KERNEL = Path(__file__).parents[1]
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
OPTIONS = {"**.html": {"encoding": "utf-8", "extensions": "jinja2.ext.do", "silent": "false"}}
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "ngettext": (1, 2), "plural": (1, 2)}

HEAD = r"""msgid ""
msgstr ""
"Project-Id-Version: {project}\n"
"Language: {locale}\n"
"Plural-Forms: {plurals}\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"

"""


def marked_texts(folder: Path) -> Catalog:
    """Every text that the package in ``folder`` marks for translation."""
    catalogue = Catalog(project="tenon", charset="utf-8")
    found = extract_from_dir(folder, METHODS, keywords=KEYWORDS, options_map=OPTIONS)
    for name, _line, text, _comments, context in sorted(found, key=lambda item: (item[0], item[1])):
        catalogue.add(text, locations=[(Path(name).as_posix(), 0)], context=context)
    return catalogue


def po_file(folder: Path, locale: str) -> Path:
    return folder / "locale" / locale / "LC_MESSAGES" / "messages.po"


def read(folder: Path, locale: str) -> Catalog:
    """The catalogue of ``folder`` in ``locale``, empty where there is none."""
    path = po_file(folder, locale)
    if not path.is_file():
        return Catalog(locale=locale, charset="utf-8")
    with path.open("rb") as stream:
        return read_po(stream, locale=locale)


def extract(folder: Path) -> list[str]:
    """Bring each language's file up to date; lines that say what was done."""
    marked = marked_texts(folder)
    said = []
    for locale in translated_locales():
        catalogue = read(folder, locale)
        catalogue.update(marked, no_fuzzy_matching=True, update_creation_date=False)
        catalogue.obsolete.clear()
        path = po_file(folder, locale)
        write(path, catalogue, folder.name)
        missing = sum(1 for message in catalogue if message.id and not is_complete(message))
        said.append(f"{path}: {len(catalogue)} texts, {missing} to translate")
    return said


def write(path: Path, catalogue: Catalog, project: str) -> None:
    """The file of a language. Its head says what a reader of the file needs, and nothing that changes
    from day to day."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = HEAD.format(project=project, locale=catalogue.locale, plurals=catalogue.plural_forms)
    with path.open("wb") as stream:
        stream.write(head.encode())
        write_po(stream, catalogue, omit_header=True, sort_output=True, include_lineno=False, width=100)


def check(folder: Path) -> Iterator[str]:
    """A line for each text that a language lacks or has wrong."""
    marked = marked_texts(folder)
    for locale in translated_locales():
        catalogue = read(folder, locale)
        for message in marked:
            if message.id:
                yield from complaints(catalogue, message, f"{po_file(folder, locale)}: ")


def complaints(catalogue: Catalog, marked: Message, where: str) -> Iterator[str]:
    found = catalogue.get(marked.id, marked.context)
    text = marked.id if isinstance(marked.id, str) else marked.id[0]
    if found is None or not is_complete(found):
        yield f"{where}no translation of {text!r}"
    elif found.fuzzy:
        yield f"{where}the translation of {text!r} is marked as doubtful (fuzzy)"
    else:
        yield from (f"{where}{text!r}: {error}" for error in found.check(catalogue))


def is_complete(message: Message) -> bool:
    strings = message.string if isinstance(message.string, list | tuple) else [message.string]
    return bool(strings) and all(strings)


def translated_locales() -> tuple[str, ...]:
    return tuple(locale for locale in LOCALES if locale != "en")


def main(arguments: list[str]) -> int:
    """Run ``extract`` or ``check``; 0 when all is well, 1 when texts are missing, 2 on misuse."""
    if not arguments or arguments[0] not in {"extract", "check"}:
        print(__doc__, file=sys.stderr)
        return 2
    folders = [Path(name) for name in arguments[1:]] or [KERNEL]
    if arguments[0] == "extract":
        print("\n".join(line for folder in folders for line in extract(folder)))
        return 0
    missing = [line for folder in folders for line in check(folder)]
    print("\n".join(missing) or "every text is translated")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

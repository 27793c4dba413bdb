"""``tenon plugin new``: a plugin that works, to start from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from string import Template

import click

from ..errors import ConflictError, InvalidError
from ..messages import _

KINDS = ("entity", "extension", "pipeline", "integration")
NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
TAKEN = (
    "identity",
    "nouns",
    "party",
    "user",
    "team",
    "contact",
    "product",
    "order",
    "order_line",
    "activity",
    "task",
)
# PostgreSQL cuts off longer names of tables and constraints.
LONGEST = 63
SKELETONS = Path(__file__).with_name("skeletons")


@click.group()
def plugin() -> None:
    """Write a plugin of your own."""


@plugin.command()
@click.argument("name")
@click.option(
    "--kind", type=click.Choice(KINDS), default="entity", show_default=True, help="What it begins with."
)
@click.option("--entity", help="The kind of record, in the singular; made from NAME unless given.")
@click.option(
    "--into", type=click.Path(file_okay=False, path_type=Path), help="The folder; tenon-NAME unless given."
)
def new(name: str, kind: str, entity: str | None, into: Path | None) -> None:
    """Write a plugin called NAME: code, migration, tests, README.

    NAME is small letters, digits and _, such as machines. The kinds: entity, a record of its
    own; extension, more fields on contacts; pipeline, a record that moves through stages;
    integration, another system that is told of changes.
    """
    words = words_for(name, entity)
    folder = into or Path(words["dist"])
    if folder.exists() and any(folder.iterdir()):
        raise ConflictError(
            _("%(folder)s is there already, and not empty", folder=str(folder)),
            hint=_("Name another folder: tenon plugin new %(name)s --into FOLDER", name=name),
        )
    for path, text in list(rendered(kind, words)):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    click.echo(_("Wrote the plugin %(name)s to %(folder)s. Next:", name=name, folder=str(folder)))
    click.echo(f"  cd {folder}\n  pip install -e '.[test]'\n  pytest\n  tenon run --demo")


def words_for(name: str, entity: str | None = None) -> dict[str, str]:
    """What the names in the skeleton stand for. ``InvalidError`` for a name that cannot be used."""
    singular = entity or (name[:-1] if name.endswith("s") and not name.endswith("ss") else name)
    for given in (name, singular):
        if not NAME.fullmatch(given):
            raise InvalidError(
                _("%(name)s cannot be used as a name", name=repr(given)),
                hint=_("Use small letters, digits and _, beginning with a letter: machines"),
            )
        if given in TAKEN:
            raise InvalidError(
                _("The kernel itself has something called %(name)s", name=given),
                hint=_("Choose another name; for more fields on contacts there is --kind extension."),
            )
    if len(f"fk_{name}_{singular}_contact_id") > LONGEST:
        raise InvalidError(
            _("%(name)s and %(entity)s are too long for the name of a table", name=name, entity=singular),
            hint=_("Shorten one of them: --entity gives the record a name of its own."),
        )
    plural = name if name != singular else f"{singular}s"
    label = singular.replace("_", " ").capitalize()
    labels = plural.replace("_", " ").capitalize()
    return {
        "name": name,
        "NAME": name.upper(),
        "dist": f"tenon-{name.replace('_', '-')}",
        "package": f"tenon_{name}",
        "entity": singular,
        "ENTITY": singular.upper(),
        "Class": "".join(part.capitalize() for part in singular.split("_")),
        "plural": plural.replace("_", "-"),
        "label": label,
        "labels": labels,
        "summary": f"{labels} in Tenon.",
        "kernel": ".".join(version("tenon-crm").split(".")[:2]),
    }


def rendered(kind: str, words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Every file of the plugin: its path and its text."""
    for part in ("common", kind):
        root = SKELETONS / part
        for source in sorted(root.rglob("*.tmpl")):
            yield (
                _path(source.relative_to(root), words),
                Template(source.read_text("utf-8")).substitute(words),
            )


def _path(path: Path, words: Mapping[str, str]) -> str:
    found = path.as_posix().removesuffix(".tmpl")
    for placeholder, word in (("PACKAGE", "package"), ("ENTITY", "entity"), ("NAME", "name")):
        found = found.replace(placeholder, words[word])
    return f".{found}" if found == "gitignore" else found

"""Collects the texts of the page into its catalogues: extract, update, compile (`make words`).

Files named on the command line bring translations, a line each: text TAB German, or with a plural text TAB plural TAB German TAB
German plural. What lacks a translation afterwards is listed, and the exit code is 1.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

WIDGETS = Path(__file__).parents[1] / "outboxsim" / "widgets"
LANGUAGES = ("en", "de")
#: Functions whose first arguments are texts of the page: `words("…")`, `words.many("…", "…", count)`, `marked("…")`.
KEYWORDS = {"words": None, "many": (1, 2), "marked": None}
#: Catalogues are the same whenever they are made.
NO_DAY = datetime(2000, 1, 1, tzinfo=UTC)


def extracted() -> Catalog:
    """All texts of the page, with the files in which they stand."""
    template = Catalog(project="outboxsim", creation_date=NO_DAY)
    for file, _, message, _, context in extract_from_dir(WIDGETS, method_map=[("**.py", "python")], keywords=KEYWORDS):
        template.add(message, locations=[(file, 0)], context=context)
    return template


def path_of(language: str, suffix: str) -> Path:
    """Where a catalogue stands."""
    return WIDGETS / "locale" / language / "LC_MESSAGES" / f"outboxsim{suffix}"


def read(language: str) -> Catalog:
    """The catalogue as it stands; an empty one if there is none."""
    path = path_of(language, ".po")
    if not path.exists():
        return Catalog(locale=language, project="outboxsim")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str, template: Catalog, translations: dict[str, str | tuple[str, str]]) -> Catalog:
    """The catalogue with exactly the texts of the page."""
    catalogue = read(language)
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.creation_date = catalogue.revision_date = NO_DAY
    catalogue.fuzzy = False
    catalogue.last_translator = "outboxsim developers"
    catalogue.language_team = language
    catalogue.msgid_bugs_address = "see README"
    catalogue.version = "1"
    catalogue.header_comment = "# The texts of the outbox page. `make words` brings them up to date."
    for message in catalogue:
        if not message.id:
            continue
        if language == "en":
            message.string = message.id
        else:
            one = message.id if isinstance(message.id, str) else message.id[0]
            given = translations.get(one)
            if given is not None and isinstance(given, str) == isinstance(message.id, str):
                message.string = given
    return catalogue


def write(language: str, catalogue: Catalog) -> None:
    """The catalogue as people edit it, and compiled."""
    path_of(language, ".po").parent.mkdir(parents=True, exist_ok=True)
    with path_of(language, ".po").open("wb") as file:
        write_po(file, catalogue, width=140, sort_output=True, include_lineno=False)
    with path_of(language, ".mo").open("wb") as file:
        write_mo(file, catalogue)


def translations_in(paths: list[str]) -> dict[str, str | tuple[str, str]]:
    """The translations that files bring."""
    found: dict[str, str | tuple[str, str]] = {}
    for path in paths:
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            match [part.replace("\\n", "\n") for part in line.split("\t")]:
                case [text, german] if german:
                    found[text] = german
                case [text, _, german, germans]:
                    found[text] = (german, germans)
    return found


def is_missing(string: str | tuple[str, ...] | list[str]) -> bool:
    """Whether a translation, or one of its plural forms, is empty."""
    return not string or (not isinstance(string, str) and not all(string))


def main(paths: list[str]) -> int:
    """Bring both catalogues up to date."""
    lacking = []
    for language in LANGUAGES:
        catalogue = updated(language, extracted(), translations_in(paths))
        write(language, catalogue)
        lacking += [f"{language}: {message.id}" for message in catalogue if message.id and is_missing(message.string)]
    print("\n".join([*lacking, f"{len(catalogue)} texts, {len(lacking)} lack a translation"]))
    return 1 if lacking else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

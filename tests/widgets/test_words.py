"""The page speaks English and German: no text is missing, and the German is that of outbox.md section 1."""

from __future__ import annotations

import ast
import gettext
import string
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from outboxsim.engine.trace import EventKind
from outboxsim.outbox import Action, Outcome, Priority, Reason, SendStatus, Trigger, View
from outboxsim.quantities import Clock
from outboxsim.scenario.people import COLUMNS
from outboxsim.widgets import words as module
from outboxsim.widgets.words import LANGUAGES, Words

WIDGETS = Path(module.__file__).parent
KEYWORDS = {"words": None, "many": (1, 2), "marked": None}
SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000

#: spec/outbox.md section 1.
COLUMNS_IN_GERMAN = (
    "An, Betreff, E-Mail-Connector, Priorität, System generiert, Letzter Sendeversuch, Letzte Fehlermeldung, Protokolliert,"
    " Nächster Sendeversuch, Arbeitsauftrag, Arbeitsauftrag-Typ, Anzahl der Sendeversuche, Sendestatus, Anzahl der Anhänge"
)
COLUMNS_IN_ENGLISH = (
    "To, Subject, Email connector, Priority, System generated, Last send attempt, Last error message, Logged,"
    " Next send attempt, Work item, Work item type, Send attempts, Send status, Attachments"
)


def catalogue(language: str) -> Catalog:
    with (WIDGETS / "locale" / language / "LC_MESSAGES" / "outboxsim.po").open("rb") as file:
        return read_po(file, locale=language)


def translations(language: str) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Texts to translations, each with all its forms."""
    return {_forms(message.id): _forms(message.string) for message in catalogue(language) if message.id}


def _forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


@pytest.fixture(scope="module")
def extracted() -> set[tuple[str, ...]]:
    found = extract_from_dir(WIDGETS, method_map=[("**.py", "python")], keywords=KEYWORDS)
    return {_forms(message) for _, _, message, _, _ in found}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_missing_or_stale(language: str, extracted: set[tuple[str, ...]]) -> None:
    known = set(translations(language))
    assert sorted(extracted - known) == [], "`make words` collects them"
    assert sorted(known - extracted) == [], "`make words` takes them out"


def test_no_text_stands_in_an_f_string() -> None:
    """There nobody would find it: for Python 3.11, and so for Babel, an f-string is one piece."""
    hidden = [
        f"{path.name}:{node.lineno}"
        for path in WIDGETS.rglob("*.py")
        for text in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(text, ast.JoinedStr)
        for node in ast.walk(text)
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
        if (getattr(node.func, "id", None) or getattr(node.func, "attr", None)) in KEYWORDS
    ]
    assert hidden == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_empty_or_fuzzy(language: str) -> None:
    assert [text for text, forms in translations(language).items() if not all(forms)] == []
    assert [message.id for message in catalogue(language) if message.fuzzy and message.id] == []
    assert not catalogue(language).obsolete


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_same_places_for_values(language: str) -> None:
    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}

    for text, forms in translations(language).items():
        for form in forms:
            assert places(form) <= places(text[-1]) | places(text[0]), text
            assert places(text[-1]) <= places(form), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_agrees(language: str) -> None:
    with (WIDGETS / "locale" / language / "LC_MESSAGES" / "outboxsim.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for text, forms in translations(language).items():
        if len(text) == 1:
            assert compiled.gettext(text[0]) == forms[0]
        else:
            assert (compiled.ngettext(*text, 1), compiled.ngettext(*text, 2)) == forms


def test_german_words_are_those_of_the_specification() -> None:
    words = Words("de")
    assert ", ".join(words.column(name) for name in COLUMNS) == COLUMNS_IN_GERMAN
    assert [words.view(view) for view in View] == ["Meine E-Mails", "E-Mails meines Teams", "System-E-Mails", "Alle"]
    assert [words.status(status) for status in SendStatus] == [
        "Warteschlange",
        "Wiederholung ausstehend",
        "Verbindung deaktiviert",
        "Fehlgeschlagen",
        "Gesendet",
        "Abgebrochen",
    ]
    assert [words.priority(priority) for priority in Priority] == ["hoch", "normal", "niedrig"]
    assert [words.action(action) for action in Action] == ["Wiederholen", "Abbrechen", "Jetzt senden", "Senden rückgängig machen"]
    assert [words.work_item_type(kind) for kind in ("ticket", "case", "action")] == ["Ticket", "Fall", "Aktion"]
    assert words("Outbox") == "Postausgang"
    assert [words(text) for text in ("Schedule send", "Timeline", "Communications")] == ["Senden planen", "Zeitleiste", "Mitteilungen"]


def test_english_words_are_those_of_the_specification() -> None:
    words = Words("en")
    assert ", ".join(words.column(name) for name in COLUMNS) == COLUMNS_IN_ENGLISH
    assert [words.view(view) for view in View] == ["My emails", "My team's emails", "System emails", "All"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_is_enumerated_has_a_word(language: str) -> None:
    words = Words(language)
    told = [words.status(one) for one in SendStatus] + [words.reason(one) for one in Reason] + [words.outcome(one) for one in Outcome]
    told += [words.trigger(one) for one in Trigger] + [words.event(kind.word) for kind in EventKind] + [words.yes_or_no(True)]
    assert all(told)
    assert not [text for text in told if "_" in text]


def test_p3_who_may_not_see_an_email_reads_what_he_reads_of_none() -> None:
    for language in LANGUAGES:
        assert Words(language).reason(Reason.NOT_VISIBLE) == Words(language).reason(Reason.UNKNOWN_EMAIL)


def test_plural_forms() -> None:
    words = Words("de")
    texts = ("{count} email was cancelled", "{count} emails were cancelled")
    assert [words.many(*texts, count) for count in (0, 1, 2, 1234)] == [
        "0 E-Mails wurden abgebrochen",
        "1 E-Mail wurde abgebrochen",
        "2 E-Mails wurden abgebrochen",
        "1.234 E-Mails wurden abgebrochen",
    ]


def test_values_are_never_read_as_patterns() -> None:
    assert Words("en")("Logged in as {user}.", user="{0.__class__} %s") == "Logged in as {0.__class__} %s."
    assert Words("en")("{name} is unknown") == "{name} is unknown"


def test_instants_are_local_and_have_seconds() -> None:
    clock = Clock("2026-03-29T01:59:59+01:00", "Europe/Berlin")
    assert [Words("de").at(clock, t) for t in (0, SECOND)] == ["29.03.2026, 01:59:59", "29.03.2026, 03:00:00"]
    assert Words("en").at(clock, SECOND) == "29 Mar 2026, 03:00:00"
    assert Words("de").datetime(datetime(2026, 12, 1, 9, 5, 7, tzinfo=UTC)) == "01.12.2026, 09:05:07"


@pytest.mark.parametrize(
    ("us", "german", "english"),
    [
        (0, "0 Sek.", "0 secs"),
        (2_500_000, "2,5 Sek.", "2.5 secs"),
        (SECOND, "1 Sek.", "1 sec"),
        (90 * SECOND, "1 Min. 30 Sek.", "1 min 30 secs"),
        (HOUR, "1 Std.", "1 hr"),
        (DAY + 2 * HOUR + MINUTE, "1 Tg. 2 Std.", "1 day 2 hrs"),
        (HOUR + 30 * SECOND, "1 Std.", "1 hr"),
    ],
)
def test_durations(us: int, german: str, english: str) -> None:
    assert (Words("de").duration(us), Words("en").duration(us)) == (german, english)


def test_relative_times_numbers_and_sizes() -> None:
    words = Words("de")
    assert (words.relative(5 * MINUTE), words.relative(-5 * MINUTE)) == ("in 5 Min.", "vor 5 Min.")
    assert (words.number(1234567), words.number(0.5), words.share(0.053)) == ("1.234.567", "0,5", "5,3\u00a0%")
    assert [words.size(size) for size in (0, 999, 1000, 20_500, 3_000_000, 2 * 10**9)] == [
        f"{number}\u00a0{unit}" for number, unit in (("0", "B"), ("999", "B"), ("1", "kB"), ("20,5", "kB"), ("3", "MB"), ("2", "GB"))
    ]


def test_an_unknown_language_is_told() -> None:
    with pytest.raises(ValueError, match=r"'nl'.*en, de"):
        Words("nl")

"""Builder: who may see whose emails (B2), and the lesson as a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outboxsim.widgets.nodes import Child, Element, element, gesture
from outboxsim.widgets.screens.builder_forms import text_field
from outboxsim.widgets.screens.foreign import foreign, shown

if TYPE_CHECKING:
    from outboxsim.widgets.words import Words


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user as the table of access shows him."""

    name: str
    teams: str
    access: str
    admin: bool


@dataclass(frozen=True, slots=True)
class AccessCard:
    """The chosen user: which other teams' emails he may see under *all*."""

    name: str
    teams: Sequence[tuple[str, bool]]
    sees_all: bool
    admin: bool


@dataclass(frozen=True, slots=True)
class ExportCard:
    """What the class did, as a scenario file."""

    text: str = ""
    file: str = ""
    error: str = ""
    may_replace: bool = False
    folder: str = ""


# Access ------------------------------------------------------------------------------------------------------------------------


def users_table(words: Words, rows: Sequence[UserRow]) -> Element:
    """All users and their rights."""
    headings = (words("User"), words("Teams"), words("Access under All"), words("Administrator"), words("Actions"))
    body = [
        element(
            "tr",
            foreign(row.name, "th", scope="row"),
            foreign(row.teams, "td"),
            foreign(row.access, "td"),
            element("td", words.yes_or_no(row.admin)),
            element(
                "td",
                element(
                    "button",
                    words("Change"),
                    type="button",
                    class_="ob-button",
                    aria_label=words("Change access of {user}", user=shown(row.name)),
                    on={"click": gesture("builder.user", row.name)},
                ),
            ),
            key=row.name,
        )
        for row in rows
    ]
    return element(
        "div",
        element(
            "table",
            element("caption", words("Whose emails users may see under All besides their own and their teams'"), key="caption"),
            element("thead", element("tr", [element("th", text, key=text, scope="col") for text in headings])),
            element("tbody", body),
            class_="ob-table",
        ),
        key="users",
        class_="ob-scroll",
    )


def access_form(words: Words, card: AccessCard | None) -> Element | None:
    """The rights of the chosen user."""
    if card is None:
        return None
    teams = [_check(f"team{number}", shown(team), checked) for number, (team, checked) in enumerate(card.teams)]
    return element(
        "form",
        element("h3", words("Access of {user}", user=shown(card.name)), key="title"),
        _check("all", words("Emails of all teams, and system emails of nobody's work item"), card.sees_all),
        element("fieldset", element("legend", words("Emails of these teams")), teams, key="teams") if teams else None,
        _check("admin", words("Administrator: may change connectors, patterns and access"), card.admin),
        element("button", words("Save"), key="save", type="submit", class_="ob-button ob-primary"),
        key=f"access-{card.name}",
        class_="ob-card",
        on={"submit": gesture("builder.access", card.name)},
    )


def _check(name: str, label: str, checked: bool) -> Element:
    return element("p", element("label", element("input", type="checkbox", name=name, checked=checked), " ", label), key=name)


# Export ------------------------------------------------------------------------------------------------------------------------


def export_card(words: Words, card: ExportCard | None) -> Child:
    """The lesson as a file: made, shown, saved."""
    if card is None:
        return None
    begin = element(
        "div",
        element("p", words("What the class did up to now, as a scenario file that replays it.")),
        element(
            "button",
            words("Make the scenario file"),
            type="button",
            class_="ob-button ob-primary",
            on={"click": gesture("builder.export")},
        ),
        key="begin",
    )
    if not card.text:
        return begin
    return [begin, _exported(words, card), _save(words, card)]


def _exported(words: Words, card: ExportCard) -> Element:
    return element(
        "div",
        element("label", words("Scenario file (to copy it: Ctrl+A, Ctrl+C)"), for_="ob-builder-export"),
        element(
            "textarea",
            key="yaml",
            id="ob-builder-export",
            readonly=True,
            rows=18,
            spellcheck="false",
            value=card.text,
            dir="ltr",
            aria_readonly="true",
        ),
        key="exported",
    )


def _save(words: Words, card: ExportCard) -> Element:
    replace = element(
        "button",
        words("Replace the file"),
        key="replace",
        type="button",
        class_="ob-button ob-danger",
        on={"click": gesture("builder.replace")},
    )
    return element(
        "form",
        text_field(
            "file",
            words("Save as"),
            card.file,
            prefix="builder-save",
            error=card.error,
            hint=words("A file name ending in .outbox.yaml; its folder: {folder}", folder=shown(card.folder)),
        ),
        element("button", words("Save"), key="save", type="submit", class_="ob-button"),
        replace if card.may_replace else None,
        key="save-form",
        class_="ob-bar",
        on={"submit": gesture("builder.save")},
    )

"""Logging in: as another user of the scenario, or after logging out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outboxsim.widgets.nodes import Element, element, gesture
from outboxsim.widgets.screens.controls import dialog
from outboxsim.widgets.screens.foreign import foreign, shown

if TYPE_CHECKING:
    from outboxsim.widgets.words import Words


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may log in."""

    name: str
    leads: tuple[str, ...]
    member_of: tuple[str, ...]
    is_admin: bool


def login_dialog(words: Words, people: Sequence[Person], user: str) -> Element:
    """The dialog in which another user is chosen."""
    return dialog(words, "login", words("Log in as …"), _people(words, people, user))


def logged_out(words: Words, people: Sequence[Person]) -> Element:
    """The screen of who has logged out."""
    return element(
        "section",
        element("h2", words("You are logged out")),
        element("p", words("Who are you?")),
        _people(words, people, None),
        key="logged-out",
        aria_label=words("Log in"),
    )


def _people(words: Words, people: Sequence[Person], user: str | None) -> Element:
    entries = [_person(words, person, person.name == user) for person in people]
    return element("ul", entries, key="people", class_="ob-people", arrows="vertical")


def _person(words: Words, person: Person, is_present: bool) -> Element:
    roles = [words("leads {team}", team=shown(team)) for team in person.leads]
    roles += [words("member of {team}", team=shown(team)) for team in person.member_of]
    if person.is_admin:
        roles.append(words("administrator"))
    if is_present:
        roles.append(words("logged in now"))
    return element(
        "li",
        element(
            "button",
            foreign(person.name, "strong"),
            element("span", " – " + ", ".join(roles), class_="ob-muted") if roles else None,
            type="button",
            class_="ob-button",
            aria_current="true" if is_present else None,
            on={"click": gesture("login.as", person.name)},
        ),
        key=person.name,
    )

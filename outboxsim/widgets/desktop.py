"""What a part of the page (work items, composing, the clock, …) gets from the page it is on, and what it owes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from outboxsim.widgets.player import Player
    from outboxsim.widgets.preferences import Preferences
    from outboxsim.widgets.session import Session
    from outboxsim.widgets.words import Words

#: How an announcement is meant: something was done, was refused, or went wrong.
Kind: TypeAlias = Literal["done", "refused", "error"]

#: What a form's control holds: its text, whether it is checked, or every chosen value of several of one name.
FormValue: TypeAlias = "str | bool | list[str]"


@dataclass(frozen=True, slots=True)
class Message:
    """A gesture as the browser reports it; whoever handles it looks at each value before it is used.

    Attributes
    ----------
    gesture
        What was done, such as ``email.retry``.
    arguments
        What the screen gave the gesture along, such as the email's id.
    value
        The value of the element (a checkbox: whether it is checked; a drop: what was dragged).
    form
        The controls of the form around it, by name.
    """

    gesture: str
    arguments: tuple[str | int | float | bool | None, ...] = ()
    value: str | bool | None = None
    form: Mapping[str, FormValue] = field(default_factory=dict)

    def text(self, number: int = 0) -> str:
        """An argument that has to be a text; raises `Malformed`."""
        if number < len(self.arguments) and isinstance(argument := self.arguments[number], str):
            return argument
        raise Malformed(f"argument {number} of {self.gesture} is no text")

    def entry(self, name: str, default: str = "") -> str:
        """The text of a form's control, `default` without such a control; raises `Malformed`."""
        value = self.form.get(name, default)
        if isinstance(value, str):
            return value
        raise Malformed(f"{name} in the form of {self.gesture} is no text")

    def is_checked(self, name: str) -> bool:
        """Whether a form's checkbox is checked; raises `Malformed`."""
        value = self.form.get(name, False)
        if isinstance(value, bool):
            return value
        raise Malformed(f"{name} in the form of {self.gesture} is no checkbox")


class Malformed(ValueError):
    """A message has not the form that its gesture needs: it is ignored, and the page says so."""


#: What a part does about a gesture. It may raise `Refused`, `Malformed`, `ValueError` or `ScenarioInvalid`: the page announces them.
Handler: TypeAlias = Callable[[Message], None]


class Desktop(Protocol):
    """What the page offers its parts."""

    @property
    def session(self) -> Session:
        """The running simulation and its past."""

    @property
    def player(self) -> Player:
        """What lets the clock run."""

    @property
    def user(self) -> str:
        """Who is logged in."""

    @property
    def words(self) -> Words:
        """The language of the screens; another object after it changed."""

    @property
    def preferences(self) -> Preferences:
        """What is kept for each user."""

    @property
    def opened(self) -> tuple[str, ...] | None:
        """The open dialog or screen and its arguments, such as ``("details", "m1")``."""

    def announce(self, text: str, *, kind: Kind = "done") -> None:
        """Say something, to screen readers too; it stays for a while."""

    def open(self, dialog: str, *arguments: str) -> None:
        """Open a dialog or screen: ``details`` id, ``work_item`` reference, ``compose``, ``settings``, ``columns``, …."""

    def close(self) -> None:
        """Close what is open."""

    def refresh(self) -> None:
        """Draw what changed."""


class Part(Protocol):
    """A part of the page: handlers of its gestures; its screens are methods of its own."""

    def handlers(self) -> Mapping[str, Handler]:
        """What it does about which gesture."""

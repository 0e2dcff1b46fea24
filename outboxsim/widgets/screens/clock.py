"""The bar of the clock: the present instant, and everything that moves it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from outboxsim.widgets.nodes import Element, element, gesture

if TYPE_CHECKING:
    from outboxsim.widgets.words import Words

#: How many simulated seconds pass in one.
SPEEDS: Final = (1.0, 10.0, 60.0, 600.0, 3600.0, math.inf)

#: How finely the slider divides the run: a step of the arrow keys is seen, and the whole is crossed in a few seconds.
SLIDER_STEPS: Final = 480


@dataclass(frozen=True, slots=True)
class ClockState:
    """What the bar shows.

    Attributes
    ----------
    time, date, zone
        The present instant, local to the scenario's time zone.
    instant, end
        The same as one text, and when the run ends.
    step
        Where the slider stands, of `SLIDER_STEPS`.
    share
        How much of the run is over, from 0 to 1.
    playing, speed
        Of the clock.
    at_end, can_go_back
        Whether there is nothing more to come, or something to go back to.
    moment, error
        What was typed as an instant to jump to and could not be understood, and why.
    in_past
        Whether acting now would begin a new branch.
    branches, branch
        A text for each branch, and the number of the present one.
    """

    time: str
    date: str
    zone: str
    instant: str
    end: str
    step: int
    share: float
    playing: bool
    speed: float
    at_end: bool
    can_go_back: bool
    moment: str
    error: str
    in_past: bool
    branches: Sequence[str]
    branch: int


def clock_screen(words: Words, state: ClockState) -> Element:
    """The bar of the clock."""
    return element(
        "section",
        element(
            "div",
            _digits(words, state),
            _buttons(words, state),
            _speed(words, state),
            _jump(words, state),
            key="bar",
            class_="ob-bar",
        ),
        _slider(words, state),
        _branches(words, state),
        class_="ob-clock",
        aria_label=words("Clock of the simulation"),
    )


def _digits(words: Words, state: ClockState) -> Element:
    return element(
        "div",
        element("strong", element("time", state.time), class_="ob-digits", key="time"),
        element("small", f"{state.date} · {state.zone}", class_="ob-muted", key="date"),
        key="now",
        class_="ob-group",
        role="group",
        aria_label=words("Present instant"),
    )


def _buttons(words: Words, state: ClockState) -> Element:
    """Play is the button that pauses, too: the focus stays where it is."""
    if state.playing:
        play = element(
            "button", "❚❚ ", words("Pause"), key="play", type="button", class_="ob-button ob-primary", on={"click": gesture("clock.pause")}
        )
    else:
        play = element(
            "button",
            "▶ ",
            words("Play"),
            key="play",
            type="button",
            class_="ob-button ob-primary",
            disabled=state.at_end,
            on={"click": gesture("clock.play")},
        )
    return element(
        "div",
        _button(
            words("Back"),
            "clock.back",
            title=words("To before the last action, else to where the clock was before"),
            disabled=not state.can_go_back,
        ),
        play,
        _button(words("One event"), "clock.step", title=words("To the next instant at which something happens"), disabled=state.at_end),
        _button(
            words("Next change in my outbox"),
            "clock.step_to_change",
            title=words("To the next instant at which my view of the outbox changes"),
            disabled=state.at_end,
        ),
        key="buttons",
        class_="ob-group",
        role="group",
        aria_label=words("Move the clock"),
    )


def _button(text: str, name: str, *, title: str, disabled: bool) -> Element:
    return element("button", text, key=name, type="button", class_="ob-button", title=title, disabled=disabled, on={"click": gesture(name)})


def _speed(words: Words, state: ClockState) -> Element:
    options = [
        element(
            "option",
            words("as fast as possible") if speed == math.inf else f"{words.number(speed)}×",
            key=speed_code(speed),
            value=speed_code(speed),
            selected=speed == state.speed,
        )
        for speed in sorted({*SPEEDS, state.speed})  # Python may have set another one
    ]
    return element(
        "div",
        element("label", words("Speed"), for_="ob-clock-speed"),
        element("select", options, key="speed", id="ob-clock-speed", on={"change": gesture("clock.speed")}),
        key="speed-field",
        class_="ob-field",
    )


def speed_code(speed: float) -> str:
    """A speed as the browser knows it."""
    return "fastest" if speed == math.inf else f"{speed:g}"


def _jump(words: Words, state: ClockState) -> Element:
    hint = words("such as 10:30, day 2 09:00 or 90 min (since the start)")
    return element(
        "form",
        element("label", words("Jump to"), for_="ob-clock-moment"),
        element(
            "input",
            key="moment",
            id="ob-clock-moment",
            name="moment",
            type="text",
            size=12,
            value=state.moment,
            placeholder="10:30",
            title=hint,
            autocomplete="off",
            spellcheck="false",
            aria_invalid="true" if state.error else None,
            aria_describedby="ob-clock-problem ob-clock-hint",
        ),
        element("span", hint, key="hint", id="ob-clock-hint", class_="ob-hidden"),
        element("button", words("Jump"), key="jump", type="submit", class_="ob-button"),
        element("span", state.error, key="problem", id="ob-clock-problem", class_="ob-error", role="alert"),
        key="jump-form",
        class_="ob-field",
        on={"submit": gesture("clock.jump")},
    )


def _slider(words: Words, state: ClockState) -> Element:
    return element(
        "div",
        element("label", words("Instant"), for_="ob-clock-slider", key="label"),
        element(
            "input",
            key="slider",
            id="ob-clock-slider",
            class_="ob-wide",
            type="range",
            min=0,
            max=SLIDER_STEPS,
            step=1,
            value=str(state.step),
            aria_valuetext=state.instant,
            on={"change": gesture("clock.slide")},
        ),
        element(
            "small",
            words("{share} of the run, which ends at {end}", share=words.share(round(state.share, 2)), end=state.end),
            key="progress",
            class_="ob-muted",
        ),
        key="slider-field",
        class_="ob-field",
    )


def _branches(words: Words, state: ClockState) -> Element | None:
    """The note while the clock stands in the past, and the branches, if there is more than one."""
    note = words("The clock is in the past: acting now begins a new branch. The old future is kept.") if state.in_past else ""
    options = [
        element("option", text, key=number, value=str(number), selected=number == state.branch)
        for number, text in enumerate(state.branches)
    ]
    chooser = element(
        "div",
        element("label", words("Branch"), for_="ob-clock-branch"),
        element("select", options, key="branch", id="ob-clock-branch", on={"change": gesture("clock.branch")}),
        key="branch-field",
        class_="ob-field",
    )
    if not note and len(options) < 2:
        return None
    return element(
        "div",
        element("p", note, key="note", class_="ob-note", role="status"),
        chooser if len(options) > 1 else None,
        key="past",
        class_="ob-bar",
    )

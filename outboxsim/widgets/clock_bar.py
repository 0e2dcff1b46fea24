"""The clock of the page: playing, stepping, jumping, going back, and branches of the past."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from babel.dates import format_date

from outboxsim.widgets.desktop import Desktop, Handler, Malformed, Message
from outboxsim.widgets.nodes import Element
from outboxsim.widgets.screens.clock import SLIDER_STEPS, SPEEDS, ClockState, clock_screen, speed_code

if TYPE_CHECKING:
    from outboxsim.widgets.session import Branch

#: How many places of the clock *back* remembers.
MOST_PLACES: Final = 200


class ClockBar:
    """The part of the page that moves the clock.

    Whoever moves it by hand stops it first: where it was put, it stays.

    Parameters
    ----------
    desktop
        The page.
    """

    def __init__(self, desktop: Desktop) -> None:
        self._desktop = desktop
        self._places: list[int] = []  # where the clock was before each move
        self._moment = ""
        self._error = ""

    def handlers(self) -> Mapping[str, Handler]:
        """What is done about which gesture."""
        return {
            "clock.play": self._play,
            "clock.pause": lambda _: self._desktop.player.pause(),
            "clock.step": lambda _: self._step(),
            "clock.step_to_change": lambda _: self._step_to_change(),
            "clock.speed": self._set_speed,
            "clock.jump": self._jump,
            "clock.slide": self._slide,
            "clock.back": lambda _: self._back(),
            "clock.branch": self._switch,
        }

    # Gestures

    def _play(self, _: Message) -> None:
        desktop = self._desktop
        if desktop.session.elapsed < desktop.session.horizon:
            self._remember()
            desktop.player.play(desktop.player.speed)

    def _step(self) -> None:
        self._move(self._desktop.session.step)

    def _step_to_change(self) -> None:
        desktop = self._desktop
        changes: list[bool] = []
        self._move(lambda: changes.append(desktop.session.step_to_change(desktop.user)))
        if changes == [False]:
            desktop.announce(desktop.words("Nothing changes in your outbox any more until the run ends"))

    def _set_speed(self, message: Message) -> None:
        speed = next((one for one in SPEEDS if speed_code(one) == message.value), None)
        if speed is None:
            raise Malformed(f"{message.value!r} is no speed")
        self._desktop.player.speed = speed

    def _jump(self, message: Message) -> None:
        desktop, session = self._desktop, self._desktop.session
        text = message.entry("moment").strip()
        self._moment, self._error = text, ""
        try:
            instant = session.scenario.clock.moment(text, horizon=session.horizon)
            problem = ""
        except ValueError as error:
            instant, problem = -1, str(error)
        if 0 <= instant <= session.horizon:
            self._go_to(instant)
        else:
            self._error = self._why_no_moment(problem)
            desktop.announce(self._error, kind="error")

    def _why_no_moment(self, problem: str) -> str:
        """Why a text is no instant of the run, in the user's language; the exact reason is in English alone."""
        words, session = self._desktop.words, self._desktop.session
        if problem and words.language == "en":
            return problem
        if problem:
            return words("This is no instant; write for example 10:30, day 2 09:00 or 90 min")
        first, last = (words.instant(session, t) for t in (0, session.horizon))
        return words("The run goes from {first} to {last} only", first=first, last=last)

    def _slide(self, message: Message) -> None:
        value = message.value
        if not (isinstance(value, str) and value.isascii() and value.isdigit() and int(value) <= SLIDER_STEPS):
            raise Malformed(f"{value!r} is no place of the slider")
        horizon = self._desktop.session.horizon
        self._go_to(min(horizon, -(-horizon * int(value) // SLIDER_STEPS)))

    def _back(self) -> None:
        """To the place before, be it in the clock's past or future; what was done since then comes first, one by one."""
        session = self._desktop.session
        while self._places and self._places[-1] == session.elapsed:
            self._places.pop()
        place = self._place_before()
        if place is None:
            return
        if self._places and self._places[-1] == place:
            self._places.pop()
        self._desktop.player.pause()
        session.jump(place)

    def _place_before(self) -> int | None:
        """Where *back* leads: before the last thing that was done, if the clock has not been moved since, else to its place before."""
        session = self._desktop.session
        now = session.elapsed
        places = [place for place in self._places if place != now]
        acted = max((action.at - 1 for action in session.actions if 0 < action.at <= now), default=None)
        if acted is not None and (not places or places[-1] < acted):
            return acted
        return places[-1] if places else None

    def _switch(self, message: Message) -> None:
        session = self._desktop.session
        number = next((branch.number for branch in session.branches if str(branch.number) == message.value), None)
        if number is None:
            raise Malformed(f"{message.value!r} is no branch")
        self._move(lambda: session.switch(number))

    def _go_to(self, instant: int) -> None:
        self._move(lambda: self._desktop.session.jump(instant))

    def _move(self, move: Callable[[], object]) -> None:
        """Stop the clock and move it, to come back by *back*."""
        session = self._desktop.session
        self._desktop.player.pause()
        before = session.elapsed
        move()
        if session.elapsed != before:
            self._remember(before)

    def _remember(self, place: int | None = None) -> None:
        place = self._desktop.session.elapsed if place is None else place
        if not self._places or self._places[-1] != place:
            self._places.append(place)
            del self._places[:-MOST_PLACES]

    # Screen

    def screen(self) -> Element:
        """The bar."""
        desktop, session, words = self._desktop, self._desktop.session, self._desktop.words
        now, horizon = session.elapsed, session.horizon
        local = session.now
        state = ClockState(
            time=local.strftime("%H:%M:%S"),
            date=format_date(local, "full", locale=words.locale),
            zone=f"{session.scenario.time_zone}, UTC{local.isoformat()[-6:]}",
            instant=words.instant(session, now),
            end=words.instant(session, horizon),
            step=SLIDER_STEPS * now // horizon,
            share=now / horizon,
            playing=desktop.player.playing,
            speed=desktop.player.speed,
            at_end=now >= horizon,
            can_go_back=self._place_before() is not None,
            moment=self._moment,
            error=self._error,
            in_past=session.in_past,
            branches=[self._branch_text(branch) for branch in session.branches],
            branch=session.branch,
        )
        return clock_screen(words, state)

    def _branch_text(self, branch: Branch) -> str:
        """A branch in words: which, how far it came, how much was done in it, and where it left another one."""
        words, session = self._desktop.words, self._desktop.session
        number, last = words.number(branch.number + 1), words.instant(session, branch.last_instant)
        done = words.many("{count} action", "{count} actions", len(branch.actions))
        if branch.forked_at is None:
            return words("{number}: up to {last}, {done}", number=number, last=last, done=done)
        forked = words.instant(session, branch.forked_at)
        return words("{number}: from {forked} up to {last}, {done}", number=number, forked=forked, last=last, done=done)

"""Lets a session's clock run beside the real one, on the kernel's own event loop, a little at a time."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import Final, Protocol

from outboxsim.widgets.session import Session

#: Seconds of work after which others get their turn.
_SLICE: Final = 0.03

#: What a slice should take, so that one which is a little denser is not too long yet.
_AIM: Final = 0.012

#: Seconds between two looks at the page.
_TICK: Final = 0.2

#: Simulated microseconds of the first slice; what the next ones may be is measured.
_FIRST_SPAN: Final = 1_000_000
_LEAST_SPAN: Final = 1_000


class Loop(Protocol):
    """What the player needs of an event loop."""

    def time(self) -> float:
        """The loop's clock, in seconds."""

    def call_at(self, when: float, callback: Callable[[], object], /) -> asyncio.TimerHandle:
        """Call back at an instant."""

    def call_soon(self, callback: Callable[[], object], /) -> asyncio.Handle:
        """Call back when others have had their turn."""

    def call_exception_handler(self, context: dict[str, object], /) -> None:
        """Report an exception that nobody else takes."""


class Player:
    """Plays a session: its clock runs `speed` times as fast as the real one.

    Parameters
    ----------
    session
        What is played.
    on_tick
        Called while it plays, at most five times a second, and once when it stops; so are the session's listeners, just before.
    on_error
        Called with the exception that stopped it; without it the event loop reports the exception.
    speed
        Simulated seconds per second; ``math.inf``: as fast as possible.
    loop
        The event loop; left out: the one that runs when `play` is called.
    stopwatch
        What measures work, in seconds.

    Notes
    -----
    The simulated instant follows from the real one alone, not from the length of ticks: nothing adds up. Whoever acts while it
    plays acts at the instant of the last tick; whoever jumps lets it go on from there.
    """

    def __init__(
        self,
        session: Session,
        *,
        on_tick: Callable[[], None] | None = None,
        on_error: Callable[[Exception], None] | None = None,
        speed: float = 1.0,
        loop: Loop | None = None,
        stopwatch: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.session = session
        self.on_tick = on_tick
        self.on_error = on_error
        self._speed = _checked(speed)
        self._given_loop = loop
        self._stopwatch = stopwatch
        self._loop: Loop | None = None
        self._next: asyncio.Handle | None = None
        self._anchor = (0, 0.0)  # a simulated instant and the real one that belongs to it
        self._left_at = 0  # where the last slice left the session
        self._told_at = -math.inf
        self._span = _FIRST_SPAN

    @property
    def playing(self) -> bool:
        """Whether the clock runs."""
        return self._next is not None

    @property
    def speed(self) -> float:
        """Simulated seconds per second; a change while it plays goes on from the present instant."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        checked = _checked(speed)
        if self._loop is not None and self.playing:
            self._anchor = (self._reached(self._loop), self._loop.time())
            self._speed = checked
            self._call_soon(self._loop)
        self._speed = checked

    @property
    def is_as_fast_as_possible(self) -> bool:
        """Whether nothing but work holds the clock back."""
        return self._speed == math.inf

    def play(self, speed: float | None = None) -> None:
        """Let the clock run; at the horizon there is nothing to play.

        Raises
        ------
        ValueError
            If the speed is not above 0.
        RuntimeError
            If no event loop is running.
        """
        if speed is not None:
            self.speed = speed
        if self.playing or self.session.elapsed >= self.session.horizon:
            return
        loop = self._given_loop if self._given_loop is not None else asyncio.get_running_loop()
        self._loop = loop
        self._start_from_here(loop)
        self._told_at = -math.inf
        self._call_soon(loop)

    def pause(self) -> None:
        """Stop the clock where it stands."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    # One turn

    def _call_soon(self, loop: Loop) -> None:
        self.pause()
        self._next = loop.call_soon(lambda: self._turn(loop))

    def _turn(self, loop: Loop) -> None:
        """A slice of work, and the next turn: at once if there is more to do, else at the next tick."""
        this = self._next
        try:
            behind = self._slice(loop)
            is_over = self.session.elapsed >= self.session.horizon
            if is_over and self._next is this:
                self._next = None
            if loop.time() - self._told_at >= 0.99 * _TICK or not self.playing:  # timers are not that exact
                self._told_at = loop.time()
                self._tell()
        except Exception as error:  # whatever it is, it is told and not played on
            self.pause()
            self._next = None
            self._report(loop, error)
            return
        if self._next is not this or is_over:
            return  # somebody paused it, or began it anew
        self._next = loop.call_soon(lambda: self._turn(loop)) if behind else loop.call_at(self._next_tick(loop), lambda: self._turn(loop))

    def _slice(self, loop: Loop) -> bool:
        """Let at most `_SLICE` seconds of work be done towards the instant that it should be; whether there is more to do."""
        session = self.session
        if not self._left_at <= session.elapsed <= self._due(loop):
            self._start_from_here(loop)  # somebody has jumped
        target = self._due(loop)
        begun = now = self._stopwatch()
        while session.elapsed < target and now - begun < _AIM:
            session.run_until(min(target, session.elapsed + self._span), tell=False)
            took, now = self._stopwatch() - now, self._stopwatch()
            self._measure(took, now - begun)
        self._left_at = session.elapsed
        return session.elapsed < target

    def _measure(self, took: float, together: float) -> None:
        """Choose the next span so that it takes about a third of a slice."""
        if together > _SLICE:
            self._span = max(_LEAST_SPAN, self._span // 4)
        elif took > _AIM / 2:
            self._span = max(_LEAST_SPAN, self._span // 2)
        elif took < _AIM / 4:
            self._span = min(2 * self._span, self.session.horizon)

    def _due(self, loop: Loop) -> int:
        """The simulated instant that belongs to now."""
        instant, since = self._anchor
        if self.is_as_fast_as_possible:
            return self.session.horizon
        ahead = (loop.time() - since) * self._speed * 1e6
        return int(min(self.session.horizon, instant + ahead))

    def _reached(self, loop: Loop) -> int:
        """Where the clock is between two ticks; if work cannot keep up, where it has come."""
        lags = self.is_as_fast_as_possible or self._due(loop) - self.session.elapsed > 2 * _TICK * self._speed * 1e6
        return self.session.elapsed if lags else max(self.session.elapsed, self._due(loop))

    def _start_from_here(self, loop: Loop) -> None:
        self._anchor = (self.session.elapsed, loop.time())
        self._left_at = self.session.elapsed

    def _next_tick(self, loop: Loop) -> float:
        """The next of the instants that lie whole ticks after the anchor."""
        since = self._anchor[1]
        return since + (math.floor((loop.time() - since) / _TICK + 1e-9) + 1) * _TICK

    def _tell(self) -> None:
        self.session.tell()
        if self.on_tick is not None:
            self.on_tick()

    def _report(self, loop: Loop, error: Exception) -> None:
        if self.on_error is not None:
            self.on_error(error)
        else:
            loop.call_exception_handler({"message": "the player stopped", "exception": error})


def _checked(speed: float) -> float:
    if isinstance(speed, bool) or not isinstance(speed, int | float) or not speed > 0:
        raise ValueError(f"{speed!r} is no speed; write a number above 0, or math.inf for as fast as possible")
    return float(speed)

"""The player: real time by a clock of the test's own, no drift, short slices, and no error lost."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count, pairwise

import pytest

from outboxsim.engine import Simulation
from outboxsim.errors import RunStopped
from outboxsim.widgets.player import Player
from outboxsim.widgets.session import Session
from tests.engine.conftest import email, minutes, scenario_of, seconds


class Handle:
    """A call that may be taken back."""

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeLoop:
    """An event loop whose clock stands until it is moved; work takes no time unless a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.calls: list[tuple[float, int, Handle]] = []
        self.reported: list[dict[str, object]] = []
        self._numbers = count()

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], object]) -> Handle:
        handle = Handle(callback)
        heappush(self.calls, (when, next(self._numbers), handle))
        return handle

    def call_soon(self, callback: Callable[[], object]) -> Handle:
        return self.call_at(self.now, callback)

    def call_exception_handler(self, context: dict[str, object]) -> None:
        self.reported.append(context)

    def run(self, duration: float) -> int:
        """Let some time go by; how many calls were made."""
        end, made = self.now + duration, 0
        while self.calls and self.calls[0][0] <= end + 1e-9:
            when, _, handle = heappop(self.calls)
            self.now = max(self.now, when)
            if not handle.cancelled:
                handle.callback()
                made += 1
        self.now = max(self.now, end)
        return made


@pytest.fixture
def loop() -> FakeLoop:
    return FakeLoop()


@pytest.fixture
def session() -> Session:
    return Session(scenario_of(emails=[email(f"m{n}", at=f"{n} s") for n in range(100)], horizon="1 h"))


def player_of(session: Session, loop: FakeLoop, **more: object) -> Player:
    return Player(session, loop=loop, **{"stopwatch": loop.time, **more})  # type: ignore[arg-type]


def test_it_runs_beside_the_real_clock(session, loop):
    player = player_of(session, loop)
    assert not player.playing
    player.play()
    assert player.playing
    loop.run(10)
    assert session.elapsed == seconds(10)
    player.pause()
    assert not player.playing
    loop.run(10)
    assert session.elapsed == seconds(10)
    player.play(60)
    loop.run(2)
    assert session.elapsed == seconds(130)


def test_it_does_not_drift(session, loop):
    player = player_of(session, loop, speed=3.7)
    player.play()
    for _ in range(300):
        loop.run(0.37)  # whatever the loop is busy with
    loop.run(0.2)
    assert abs(session.elapsed - 3.7e6 * (loop.now - 1000.0)) <= 3.7e6 * 0.2
    loop.now += 30  # a long cell
    loop.run(0.2)
    assert abs(session.elapsed - 3.7e6 * (loop.now - 1000.0)) <= 3.7e6 * 0.2


def test_it_tells_at_most_five_times_a_second_and_once_at_the_end(session, loop):
    told: list[float] = []
    heard: list[float] = []
    player = player_of(session, loop, on_tick=lambda: told.append(loop.now))
    session.listeners.append(lambda: heard.append(loop.now))
    player.play(600)
    loop.run(2)
    assert 10 <= len(told) <= 11
    assert min(later - earlier for earlier, later in pairwise(told)) > 0.19
    loop.run(10)
    assert session.elapsed == session.horizon
    assert not player.playing
    assert told == heard
    assert told[-1] == pytest.approx(1006.0, abs=0.3)
    loop.run(10)
    assert len(told) <= 32


def test_at_the_horizon_there_is_nothing_to_play(session, loop):
    session.jump("end")
    player = player_of(session, loop)
    player.play()
    assert not player.playing


def test_as_fast_as_possible_works_in_slices(session, loop):
    """A slice of work ends after 30 ms at the latest, once it is known how long work takes."""
    told: list[int] = []
    player = player_of(session, loop, on_tick=lambda: told.append(session.elapsed), speed=math.inf)
    run_until = session.run_until

    def slow(t, *, tell):
        loop.now += (t - session.elapsed) / seconds(100)  # 100 simulated seconds a second
        run_until(t, tell=tell)

    session.run_until = slow  # type: ignore[method-assign]
    assert player.is_as_fast_as_possible
    player.play()
    lengths = []
    while player.playing:
        before = loop.now
        loop.run(0)
        lengths.append(loop.now - before)
        assert len(lengths) < 10_000
    assert session.elapsed == session.horizon
    assert max(lengths[1:]) <= 0.03
    assert sum(lengths) == pytest.approx(36, rel=0.01)
    assert 100 < len(told) < 182


def test_a_slow_run_falls_behind_and_goes_on_from_there_at_a_lower_speed(session, loop):
    player = player_of(session, loop)
    run_until = session.run_until

    def slow(t, *, tell):
        loop.now += (t - session.elapsed) / seconds(10)
        run_until(t, tell=tell)

    session.run_until = slow  # type: ignore[method-assign]
    player.play(100)
    for _ in range(200):
        loop.run(0)
    here = session.elapsed
    assert here < seconds(10 * (loop.now - 1000) + 1)
    player.speed = 1
    loop.run(2)
    assert here + seconds(1.7) <= session.elapsed <= here + seconds(2.1)


def test_another_speed_goes_on_from_the_present_instant(session, loop):
    player = player_of(session, loop)
    player.play(10)
    loop.run(1.1)  # between two ticks
    player.speed = 2
    assert session.elapsed == seconds(10)
    loop.run(1)
    assert abs(session.elapsed - seconds(11 + 2)) <= seconds(0.4)
    player.speed = math.inf
    loop.run(0)
    assert session.elapsed == session.horizon
    session.jump("10 min")
    player.speed = 5
    assert (player.speed, player.playing) == (5, False)
    player.play()
    player.play(7)
    loop.run(2)
    assert session.elapsed == minutes(10) + seconds(14)


def test_from_as_fast_as_possible_to_a_slow_speed_it_stays_where_it_has_come(session, loop):
    player = player_of(session, loop, speed=math.inf)
    run_until = session.run_until

    def slow(t, *, tell):
        loop.now += 0.001 + (t - session.elapsed) / seconds(100)
        run_until(t, tell=tell)

    session.run_until = slow  # type: ignore[method-assign]
    player.play()
    loop.run(0.1)
    here = session.elapsed
    assert 0 < here < session.horizon
    player.speed = 1
    loop.run(1)
    assert abs(session.elapsed - here - seconds(1)) <= seconds(0.3)


def test_who_acts_while_it_plays_does_not_slow_it_down(session, loop):
    player = player_of(session, loop)
    player.play(10)
    for n in range(20):
        loop.run(0.31)
        session.act("submit", f"own-{n}", by="lena", to="a@b.example")
    loop.run(0.2)
    assert abs(session.elapsed - seconds(10 * (loop.now - 1000))) <= seconds(2)


def test_who_jumps_while_it_plays_lets_it_go_on_from_there(session, loop):
    player = player_of(session, loop)
    player.play(10)
    loop.run(2)
    session.jump(seconds(5))
    loop.run(2)
    assert seconds(22.9) <= session.elapsed <= seconds(25)
    session.jump("30 min")
    loop.run(2)
    assert minutes(30) + seconds(17.9) <= session.elapsed <= minutes(30) + seconds(20)


def test_a_slice_that_was_much_too_long_makes_the_next_ones_much_shorter(session, loop):
    """Very many emails at one instant, say."""
    player = player_of(session, loop, speed=math.inf)
    run_until, spans = session.run_until, []

    def slow(t, *, tell):
        spans.append(t - session.elapsed)
        loop.now += 0.5 if len(spans) == 3 else 0.013
        run_until(t, tell=tell)

    session.run_until = slow  # type: ignore[method-assign]
    player.play()
    for _ in range(6):
        loop.run(0)
    assert spans[:5] == [1_000_000, 500_000, 250_000, 62_500, 31_250]


@pytest.mark.parametrize("by", ["pause", "jump"])
def test_on_tick_may_do_anything(session, loop, by):
    calls: list[int] = []

    def on_tick():
        calls.append(session.elapsed)
        if len(calls) == 3:
            if by == "pause":
                player.pause()
            else:
                player.pause()
                session.jump(0)
                player.play(2)

    player = player_of(session, loop, on_tick=on_tick)
    player.play()
    loop.run(2)
    if by == "pause":
        assert len(calls) == 3
        assert not player.playing
    else:
        assert player.playing
        assert 0 < session.elapsed <= seconds(3.6)
        assert len([handle for _, _, handle in loop.calls if not handle.cancelled]) == 1, "one clock, not two"


def test_an_error_stops_it_and_is_told(session, loop):
    errors: list[Exception] = []
    player = player_of(session, loop, on_tick=lambda: 1 / 0, on_error=errors.append)
    player.play()
    loop.run(1)
    assert not player.playing
    assert [type(error) for error in errors] == [ZeroDivisionError]
    assert loop.reported == []
    other = player_of(session, loop, on_tick=lambda: 1 / 0)
    other.play()
    loop.run(1)
    assert not other.playing
    assert isinstance(loop.reported[0]["exception"], ZeroDivisionError)


def test_a_run_that_is_stopped_stops_the_player(loop):
    scenario = scenario_of(
        emails=[email("m1", send_at="1 s")], connectors={"main": {"transient_failure": "100 %"}}, retry={"fixed": "1 ms"}
    )
    errors: list[Exception] = []
    player = player_of(Session(Simulation(scenario, max_events=1000)), loop, on_error=errors.append, speed=100)
    player.play()
    loop.run(5)
    assert [type(error) for error in errors] == [RunStopped]
    assert not player.playing


@pytest.mark.parametrize("speed", [0, -1, math.nan, "fast", True, None])
def test_what_is_no_speed(session, loop, speed):
    with pytest.raises(ValueError, match="is no speed"):
        player_of(session, loop, speed=speed)
    player = player_of(session, loop)
    with pytest.raises(ValueError, match="is no speed"):
        player.speed = speed


def test_without_a_running_event_loop_it_cannot_play(session):
    with pytest.raises(RuntimeError):
        Player(session).play()


def test_on_a_real_event_loop_others_get_their_turn():
    session = Session(scenario_of(emails=[email(f"m{n}", at=f"{n} s") for n in range(2000)], horizon="1 h"))

    instants = count(0, 0.005)

    async def play() -> int:
        player = Player(session, speed=math.inf, stopwatch=lambda: next(instants))
        player.play()
        turns = 0
        while player.playing:
            turns += 1
            await asyncio.sleep(0)
        return turns

    assert asyncio.run(play()) > 1
    assert session.elapsed == session.horizon

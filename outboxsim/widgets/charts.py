"""The charts beside the page: the outbox by status, attempts per minute, the selected email's life.

Numbers are gathered on the kernel's loop, where nothing else happens meanwhile, and drawn elsewhere (see `Studio`) from copies. At most two
pictures a second are made, and fewer where they are so large that they would take more than a quarter of a processor.
Everybody's charts count what he may see, and nothing else (P3).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from outboxsim.engine.glance import connectors_of_rows, history_of, rows_seen_by
from outboxsim.widgets.chart_words import labels_of, says_attempts, says_life, says_sizes
from outboxsim.widgets.desktop import Desktop, Handler
from outboxsim.widgets.drawing import STRIP, TIMES, Drawn, Frame, draw_attempts, draw_life, draw_sizes, prepare
from outboxsim.widgets.faults import said_of
from outboxsim.widgets.nodes import Element
from outboxsim.widgets.screens.charts import Picture, charts_screen
from outboxsim.widgets.studio import STUDIO, THREAD

if TYPE_CHECKING:
    from outboxsim.analysis.lives import EmailLife
    from outboxsim.analysis.plot_style import Labels
    from outboxsim.analysis.sizes import AttemptCounts, OutboxSizes

#: Seconds between two redraws at least, and how much of a processor they may take.
SHORTEST_PAUSE: Final = 0.5
MOST_LOAD: Final = 0.25
#: Seconds that the page has to get out before numbers are gathered for the charts.
_AFTER_THE_PAGE: Final = 0.03

_LOG: Final = logging.getLogger("outboxsim.widgets")

_SIZES, _ATTEMPTS, _LIFE = "sizes", "attempts", "life"


@dataclass(frozen=True, slots=True)
class Numbers:
    """What is to be drawn for whom: copies of everything, and what it says in words. None: nothing new of that chart."""

    user: str
    labels: Labels
    sizes: OutboxSizes | None = None
    attempts: AttemptCounts | None = None
    life: EmailLife | None = None
    says: Mapping[str, str] = field(default_factory=dict)


def draw(numbers: Numbers) -> dict[str, Drawn]:
    """The pictures of numbers; touches nothing else."""
    pictures = {}
    if numbers.sizes is not None:
        pictures[_SIZES] = draw_sizes(numbers.sizes, numbers.labels)
    if numbers.attempts is not None:
        pictures[_ATTEMPTS] = draw_attempts(numbers.attempts, numbers.labels)
    if numbers.life is not None:
        pictures[_LIFE] = draw_life(numbers.life, numbers.labels)
    return pictures


class Charts:
    """The part of the page that shows the charts.

    Parameters
    ----------
    desktop
        The page.
    selected
        Which email's life to show, None for none; whether the user may see it is asked here.
    clock
        Seconds, for tests.
    """

    def __init__(
        self, desktop: Desktop, selected: Callable[[], str | None] = lambda: None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._desktop = desktop
        self._selected = selected
        self._clock = clock
        self._user = desktop.user  # for whom the pictures are
        self._keys: dict[str, object] = {}  # what each picture was last made of
        self._sources: dict[str, str] = {}
        self._says: dict[str, str] = {}
        self._not_before = 0.0
        self._pause = SHORTEST_PAUSE
        self._busy: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def handlers(self) -> Mapping[str, Handler]:
        """No gestures of its own."""
        return {}

    @property
    def pause(self) -> float:
        """Seconds from one redraw to the next, by what the last one cost."""
        return self._pause

    def screen(self) -> Element:
        """The charts as they are; what is out of date is drawn anew: soon, or without a loop at once if the pause is over."""
        self._update()
        words = self._desktop.words
        nothing = words("Select an email, or open its details, to see its life here.")
        return charts_screen(
            words,
            [
                self._picture(_SIZES, words("Outbox by send status"), TIMES),
                self._picture(_ATTEMPTS, words("Send attempts"), TIMES),
                self._picture(_LIFE, words("Life of the selected email"), STRIP, missing="" if self._email() else nothing),
            ],
        )

    def _picture(self, name: str, title: str, frame: Frame, *, missing: str = "") -> Picture:
        width, height = frame.pixels
        source = "" if missing else self._sources.get(name, "")
        return Picture(name, title, source, self._says.get(name, ""), width, height, missing)

    # When to draw

    def _update(self) -> None:
        if self._user != self._desktop.user:  # what another one may see is gone at once (P3)
            self._user = self._desktop.user
            self._keys, self._sources, self._says = {}, {}, {}
        if self._busy is not None or self._keys == self._present_keys():
            return
        wait = self._not_before - self._clock()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            if wait <= 0:
                self.draw_now()
            return
        if wait <= 0:
            self._busy = loop.create_task(self._redraw())
        elif self._timer is None:
            self._timer = loop.call_later(wait, self._wake)

    def draw_now(self) -> None:
        """Draw everything that is out of date at once, whoever has to wait for it."""
        begun, used = self._clock(), time.thread_time()
        numbers = self._gather()
        self._take(numbers, draw(numbers))
        self._pause = max(SHORTEST_PAUSE, (time.thread_time() - used) / MOST_LOAD)
        self._not_before = begun + self._pause

    def _wake(self) -> None:
        self._timer = None
        self._desktop.refresh()

    async def _redraw(self) -> None:
        begun = self._clock()
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(THREAD, prepare)
            await asyncio.sleep(_AFTER_THE_PAGE)
            used = time.thread_time()
            numbers = self._gather()
            cost = time.thread_time() - used
            drawn = await STUDIO.draw(draw, numbers)
            self._take(numbers, drawn)
            self._pause = max(SHORTEST_PAUSE, (cost + sum(one.cost for one in drawn.values())) / MOST_LOAD)
        except Exception as problem:  # whatever matplotlib stumbles over, the page goes on
            _LOG.exception("The charts could not be drawn")
            words = self._desktop.words
            self._desktop.announce(words("The charts could not be drawn: {reason}", reason=said_of(problem)), kind="error")
        finally:
            self._not_before = begun + self._pause
            self._busy = None
        self._desktop.refresh()

    def _take(self, numbers: Numbers, drawn: Mapping[str, Drawn]) -> None:
        if numbers.user == self._user:
            self._sources.update({name: one.source for name, one in drawn.items()})
            self._says.update(numbers.says)

    # What to draw

    def _email(self) -> str | None:
        """The email whose life is shown: that of the open details, else the selected one; None if the user may not see it."""
        desktop = self._desktop
        opened = desktop.opened
        chosen = opened[1] if opened is not None and opened[0] == "details" and len(opened) > 1 else self._selected()
        if chosen is None:
            return None
        try:
            return desktop.session.email(chosen, by=desktop.user).id
        except KeyError:
            return None

    def _present_keys(self) -> dict[str, object]:
        """What the pictures would be made of now."""
        desktop, session = self._desktop, self._desktop.session
        run = (id(session.simulation), session.elapsed, len(session.actions), desktop.user, desktop.words.language)
        return {_SIZES: run, _ATTEMPTS: run, _LIFE: (run, self._email())}

    def _gather(self) -> Numbers:
        """Copies of the numbers of all charts that are out of date."""
        from outboxsim.analysis.live import live_attempts, live_sizes  # noqa: PLC0415 - pandas only where charts are shown

        desktop, words, simulation = self._desktop, self._desktop.words, self._desktop.session.simulation
        keys = self._present_keys()
        stale = {name for name, key in keys.items() if self._keys.get(name) != key}
        self._keys = keys
        sizes = attempts = None
        says: dict[str, str] = {}
        if {_SIZES, _ATTEMPTS} & stale:
            rows = rows_seen_by(simulation, desktop.user)
            sees_all = bool(rows.all()) and desktop.session.is_admin(desktop.user)
            only, connectors = (None, None) if sees_all else (rows, connectors_of_rows(simulation, rows))
            sizes = live_sizes(simulation, only=only, connectors=connectors)
            attempts = live_attempts(simulation, only=only, connectors=connectors)
            says[_SIZES] = says_sizes(words, sizes)
            says[_ATTEMPTS] = says_attempts(words, attempts)
        life = self._life() if _LIFE in stale else None
        if life is not None:
            says[_LIFE] = says_life(words, life)
        return Numbers(desktop.user, labels_of(words), sizes, attempts, life, says)

    def _life(self) -> EmailLife | None:
        from outboxsim.analysis.lives import life_of  # noqa: PLC0415

        email, session, user = self._email(), self._desktop.session, self._desktop.user
        if email is None:
            return None
        listed = session.email(email, by=user)
        history = history_of(session.simulation, listed.row)
        return life_of(
            history, email=email, subject=listed.subject, undo_until=listed.undo_until, end=session.elapsed, clock=session.scenario.clock
        )

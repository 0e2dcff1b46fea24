"""Where pictures are drawn: in a process of its own, so that the page does not wait for matplotlib; where there can be none, in a thread.

A thread alone would slow the page down: drawing is Python's own work for the most part, and of that a process does one thing at a time.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import pickle
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Final, ParamSpec, TypeVar, cast

from outboxsim.processes import new_pool

_LOG: Final = logging.getLogger("outboxsim.widgets")

#: One thread for all pages: matplotlib draws one figure at a time.
THREAD: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outboxsim-charts")

#: How much the process lets others go first.
_PATIENCE: Final = 5

Parameters = ParamSpec("Parameters")
Picture = TypeVar("Picture")


class Studio:
    """Draws for all pages of a kernel, one picture after the other.

    Its process is started when an open page needs the first picture, and ends when the last page is closed or the kernel ends.
    """

    def __init__(self) -> None:
        self._pages = 0
        self._pool: ProcessPoolExecutor | None = None
        self._may_have_process = True

    def open(self) -> None:
        """A page is opened."""
        self._pages += 1

    def close(self) -> None:
        """A page is closed, which was opened."""
        self._pages -= 1
        if self._pages == 0:
            self.end()
            self._may_have_process = True

    async def draw(self, draw: Callable[Parameters, Picture], *values: Parameters.args, **named: Parameters.kwargs) -> Picture:
        """What a function draws, while the loop goes on.

        Parameters
        ----------
        draw
            A function that touches nothing but what it is given.
        values, named
            What it is given: copies.
        """
        future = self._sent_out(draw, values, named)
        if future is not None:
            try:
                return cast("Picture", await asyncio.wrap_future(future))
            except BrokenProcessPool:  # it was killed, or cannot even begin
                self._stay_at_home()
        return await asyncio.get_running_loop().run_in_executor(THREAD, lambda: draw(*values, **named))

    def _sent_out(self, draw: Callable[..., object], values: tuple[object, ...], named: Mapping[str, object]) -> Future[Any] | None:
        """The work as the process does it; None if it cannot."""
        if not self._pages or not self._may_have_process:
            return None
        try:
            work = pickle.dumps((draw, values, named))
        except (pickle.PicklingError, AttributeError, TypeError):
            return None
        if b"__main__" in work:  # the process does not know the notebook
            return None
        try:
            if self._pool is None:
                self._pool = new_pool(1, _begin)
            return self._pool.submit(_perform, work)
        except Exception:  # not every system, and not every process, may start others
            self._stay_at_home()
            return None

    def _stay_at_home(self) -> None:
        _LOG.info("From now on charts are drawn in the kernel's own process", exc_info=True)
        self._may_have_process = False
        self.end()

    def end(self) -> None:
        """End the process, if there is one."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


#: The one of this kernel.
STUDIO: Final = Studio()
atexit.register(STUDIO.end)  # while there is still everything that ending it needs


def _begin() -> None:
    """The kernel's interruptions are not for the process that draws, and the page goes first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_PATIENCE)


def _perform(work: bytes) -> object:
    draw, values, named = pickle.loads(work)  # noqa: S301 - the kernel wrote it
    return draw(*values, **named)

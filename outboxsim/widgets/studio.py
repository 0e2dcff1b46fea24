"""Where pictures are drawn: in a process of its own, so that the page does not wait for matplotlib; where there can be none, in a thread.

A thread alone would slow the page down: drawing is Python's own work for the most part, and of that a process does one thing at a time.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
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
            self._end(cancel=True)
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
        work = _travelling(draw, values, named) if self._pages and self._may_have_process else None
        if work is not None:
            try:
                if self._pool is None:
                    self._pool = new_pool(1, _begin)
                return cast("Picture", await asyncio.wrap_future(self._pool.submit(_perform, work)))
            except (BrokenProcessPool, OSError, RuntimeError, NotImplementedError, AssertionError, ImportError) as problem:
                if not isinstance(problem, BrokenProcessPool) and self._has_begun:
                    raise
                _LOG.info("Charts are drawn in the kernel's process from now on", exc_info=True)
                self._may_have_process = False
                self._end()
        return await asyncio.get_running_loop().run_in_executor(THREAD, lambda: draw(*values, **named))

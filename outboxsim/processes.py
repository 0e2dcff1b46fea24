"""Processes beside this one: fresh ones, which begin nothing anew and end when this one does."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import connection
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any, ClassVar


class _WithoutMain(SpawnProcess):
    """A process that does not import the caller's main module.

    Else a script without ``if __name__ == "__main__":`` would begin anew in each process. What runs there is all in this package.
    """

    @staticmethod
    def _Popen(process: BaseProcess) -> Any:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")  # says neither its file nor its name
        try:
            return SpawnProcess._Popen(process)
        finally:
            sys.modules["__main__"] = main


class _Fresh(SpawnContext):
    """New processes, not copies of this one: copies of a process with threads, as a notebook's kernel has, may hang."""

    Process: ClassVar[type[SpawnProcess]] = _WithoutMain


def new_pool(processes: int, begin: Callable[[], None] | None = None) -> ProcessPoolExecutor:
    """A pool of so many processes, which are started with its first task; each calls `begin` first."""
    return ProcessPoolExecutor(processes, _Fresh(), initializer=_begin, initargs=(begin,))


def _begin(begin: Callable[[], None] | None) -> None:
    _end_with_parent()
    if begin is not None:
        begin()


def _end_with_parent() -> None:
    """End this process as soon as its parent has: one that was killed cannot tell its pool, which would wait for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()

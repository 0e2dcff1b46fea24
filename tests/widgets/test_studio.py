"""Where pictures are drawn: in a process that ends with the last page, else in a thread."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from outboxsim.widgets import app as app_module
from outboxsim.widgets import charts as charts_module
from outboxsim.widgets import studio as studio_module
from outboxsim.widgets.app import OutboxApp
from outboxsim.widgets.studio import Studio
from tests.widgets.stage import scenario_of


@pytest.fixture
def studio() -> Iterator[Studio]:
    studio = Studio()
    studio.open()
    yield studio
    studio.close()


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def ends(process: int) -> bool:
    for _ in range(200):
        if not is_alive(process):
            return True
        threading.Event().wait(0.05)
    return False


def test_pictures_are_drawn_by_one_process_that_ends_with_the_last_page(studio: Studio) -> None:
    async def draw() -> list[int]:
        return [await studio.draw(os.getpid) for _ in range(2)]

    first, second = asyncio.run(draw())
    assert first == second != os.getpid()
    studio.open()
    studio.close()
    assert is_alive(first)
    studio.close()
    assert ends(first)
    studio.open()
    again = asyncio.run(studio.draw(os.getpid))
    assert again not in {first, os.getpid()}


def test_without_an_open_page_no_process_is_started() -> None:
    assert asyncio.run(Studio().draw(os.getpid)) == os.getpid()


def test_what_cannot_travel_is_drawn_in_the_thread(studio: Studio) -> None:
    here = asyncio.run(studio.draw(lambda: (os.getpid(), threading.current_thread())))
    assert here[0] == os.getpid()
    assert here[1] is not threading.main_thread()


def test_a_failure_of_the_drawing_itself_is_reported(studio: Studio) -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(studio.draw(divmod, 1, 0))
    assert asyncio.run(studio.draw(os.getpid)) != os.getpid()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that kills")
def test_if_the_process_dies_the_thread_goes_on(studio: Studio) -> None:
    async def draw() -> int:
        os.kill(await studio.draw(os.getpid), signal.SIGKILL)
        return await studio.draw(os.getpid)

    assert asyncio.run(draw()) == os.getpid()


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_interrupting_the_kernel_does_not_interrupt_the_drawing(studio: Studio) -> None:
    async def draw() -> tuple[int, int]:
        before = await studio.draw(os.getpid)
        os.kill(before, signal.SIGINT)
        return before, await studio.draw(os.getpid)

    before, after = asyncio.run(draw())
    assert before == after


@pytest.mark.parametrize("problem", [OSError("no more processes"), AssertionError("daemonic"), BrokenProcessPool()])
def test_where_there_can_be_no_process_the_thread_draws(studio: Studio, monkeypatch: pytest.MonkeyPatch, problem: Exception) -> None:
    def refuse(*_: object) -> None:
        raise problem

    monkeypatch.setattr(studio_module, "new_pool", refuse)
    assert asyncio.run(studio.draw(os.getpid)) == os.getpid()


WITH_PROCESS = """
import asyncio, os
from outboxsim.widgets.studio import STUDIO
STUDIO.open()
print(asyncio.run(STUDIO.draw(os.getpid)))
"""


def test_a_kernel_that_ends_with_its_page_open_ends_the_process_without_a_word() -> None:
    finished = subprocess.run([sys.executable, "-c", WITH_PROCESS], capture_output=True, text=True, check=True)
    assert finished.stderr == ""
    assert ends(int(finished.stdout))


def test_charts_of_an_app_are_drawn_by_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    studio = Studio()  # that of the kernel is also for pages of other tests
    for module in (app_module, charts_module):
        monkeypatch.setattr(module, "STUDIO", studio)

    async def show() -> tuple[int, str]:
        app = OutboxApp(scenario_of(), user="cy", preferences=tmp_path / "kept.json")
        while "data:image/png" not in str(app.views["charts"].tree):
            await asyncio.sleep(0.02)
        assert studio._pool is not None
        [process] = studio._pool._processes
        app.close()
        return process, str(app.views["charts"].tree)

    process, tree = asyncio.run(show())
    assert "base64" in tree
    assert ends(process)

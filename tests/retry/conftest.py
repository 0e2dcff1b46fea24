from __future__ import annotations

from collections.abc import Callable

import pytest

from outboxsim.retry import History, RetryPattern

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def _history(
    ended: int = 0,
    *,
    retries: int = 0,
    attempts: int | None = None,
    submitted: int = 0,
    first_failure: int | None = None,
    planned: int = 0,
    last_ended: int | None = None,
) -> History:
    return History(
        submitted=submitted,
        ended=ended,
        attempts=retries + 1 if attempts is None else attempts,
        retries=retries,
        first_failure=ended if first_failure is None else first_failure,
        planned=planned,
        last_ended=ended if last_ended is None else last_ended,
    )


@pytest.fixture
def history() -> Callable[..., History]:
    """A history whose every part has a sensible value."""
    return _history


@pytest.fixture
def instants() -> Callable[..., list[int]]:
    """The first attempts of an email that always fails at once, with the same uniform number every time."""

    def first(pattern: RetryPattern, count: int, uniform: float = 0.5) -> list[int]:
        past = _history()
        found = [0]
        while len(found) < count and (due := pattern.next_attempt(past, lambda: uniform)) is not None:
            past = _history(
                due,
                retries=past.retries + 1,
                first_failure=0,
                planned=pattern.planned(past, due),
                last_ended=past.ended,
            )
            found.append(due)
        return found

    return first


@pytest.fixture
def no_draw() -> Callable[[], float]:
    """A stream that nobody may draw from."""

    def refuse() -> float:
        raise AssertionError("drew a number")

    return refuse

"""What the page says for a while: what was done, refused or went wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from outboxsim.widgets.desktop import Kind
from outboxsim.widgets.screens.frame import Announcement

#: Seconds for which a text stays: long enough to be read, short enough not to be taken for news.
STAYS: Final = 12.0

#: Texts that stay at once.
_MOST: Final = 3

#: Longer ones come from elsewhere, such as the message of an error.
_LONGEST: Final = 1_000


class Saying:
    """The texts that are being said.

    Parameters
    ----------
    clock
        Seconds, for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: list[tuple[float, Announcement]] = []
        self._number = 0

    def say(self, text: str, kind: Kind) -> None:
        """Say something; the same text said again is said anew."""
        self._number += 1
        said = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
        self._said = [*self._said, (self._clock() + STAYS, Announcement(self._number, said, kind))][-_MOST:]

    def be_silent(self) -> None:
        """Say nothing more: what one user was told is not for the next one (P3)."""
        self._said.clear()

    def now(self) -> list[Announcement]:
        """What is being said."""
        now = self._clock()
        self._said = [entry for entry in self._said if entry[0] > now]
        return [announcement for _, announcement in self._said]

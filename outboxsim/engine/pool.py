"""Attempts to come, in columns."""

from __future__ import annotations

import numpy as np

from outboxsim.engine.channel import NEVER


class Pool:
    """Attempts to come, in columns and in no order: due instant, connector, email.

    Attributes
    ----------
    earliest
        The first due instant; `NEVER` if the pool is empty.
    """

    def __init__(self) -> None:
        self.due = self.connector = self.email = np.zeros(0, dtype=np.int64)
        self.earliest = NEVER

    def add(self, due: np.ndarray, connector: np.ndarray, email: np.ndarray) -> None:
        """Add attempts."""
        self.due = np.concatenate((self.due, due))
        self.connector = np.concatenate((self.connector, connector))
        self.email = np.concatenate((self.email, email))
        self._note_earliest()

    def keep(self, chosen: np.ndarray) -> None:
        """Keep the chosen ones only."""
        self.due, self.connector, self.email = self.due[chosen], self.connector[chosen], self.email[chosen]
        self._note_earliest()

    def take_before(self, instant: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Take out those due before an instant."""
        chosen = self.due < instant
        taken = self.due[chosen], self.connector[chosen], self.email[chosen]
        self.keep(~chosen)
        return taken

    def _note_earliest(self) -> None:
        self.earliest = int(self.due.min()) if len(self.due) else NEVER

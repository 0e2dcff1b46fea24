"""What holds after every instant of every run (E4, P3); switched on by ``Simulation(..., check_invariants=True)``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outboxsim.engine.attempt_log import IN_FLIGHT, OUTCOME_SHIFT
from outboxsim.engine.store import MIGRATED, NONE
from outboxsim.outbox import Outcome, SendStatus

if TYPE_CHECKING:
    from outboxsim.engine.world import World


class InvariantBroken(AssertionError):
    """A fault of outboxsim: the run has reached a state that its rules exclude."""


class Invariants:
    """Checks a world; remembers how far attempts were checked."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._checked = 0
        self._attempts: dict[int, int] = {}
        self._finished: dict[int, int] = {}

    def check(self) -> None:
        """Raise `InvariantBroken` if anything does not hold."""
        self._check_attempts()
        for email in range(self._world.submitted_count):
            self._check_email(email)
        for channel in self._world.channels:
            flying = sum(self._world.store.connector[email] == channel.index for email in self._world.flights)
            self._require(channel.busy == flying, f"connector {channel.name}: {channel.busy} slots busy, {flying} attempts in flight")
            self._require(channel.capacity is None or channel.busy >= 0, f"connector {channel.name}: negative slots")

    def _check_attempts(self) -> None:
        """Attempts are numbered without gaps, and none is made of an email that was sent or cancelled before it."""
        log = self._world.trace.attempts
        for row in range(self._checked, len(log)):
            email, started, number = log.email[row], log.started[row], log.number[row]
            self._require(
                number == self._attempts.get(email, 0) + 1, f"email {email}: attempt {number} follows {self._attempts.get(email, 0)}"
            )
            self._attempts[email] = number
            self._require(email not in self._finished, f"email {email}: attempt at {started} after it had left the outbox")
        self._checked = len(log)

    def _check_email(self, email: int) -> None:
        store, world = self._world.store, self._world
        status = SendStatus(store.status[email])
        in_flight = email in world.flights
        if status >= SendStatus.SENT:
            self._require(
                store.finished[email] == self._finished.setdefault(email, store.finished[email]), f"email {email}: finished twice"
            )
        self._require((store.finished[email] != NONE) == (status >= SendStatus.SENT), f"email {email}: {status.word} and finished disagree")
        self._require(store.attempts[email] == self._attempts.get(email, 0), f"email {email}: its counter and its attempts disagree")
        waits = status in (SendStatus.QUEUED, SendStatus.PENDING_RETRY)
        self._require(
            (store.due[email] != NONE) == (waits and not in_flight),
            f"email {email}: {status.word}, due {store.due[email]}, in flight {in_flight}",
        )
        self._require(not in_flight or waits, f"email {email}: in flight and {status.word}")
        if in_flight:
            codes = world.trace.attempts.codes[world.flights[email].attempt]
            self._require(codes >> OUTCOME_SHIFT & 7 == IN_FLIGHT, f"email {email}: in flight, but its attempt has ended")
        failed_once = store.logged[email] != NONE
        self._require(failed_once or store.last_error[email] == NONE, f"email {email}: an error, but never logged")
        if status is SendStatus.CONNECTOR_DISABLED:
            self._require(failed_once, f"email {email}: {Outcome.CONNECTOR_DISABLED.word}, but never logged")
        if store.flags[email] & MIGRATED:
            self._require(store.release[email] == NONE, f"email {email}: migrated, but released")

    @staticmethod
    def _require(holds: bool, message: str) -> None:
        if not holds:
            raise InvariantBroken(message)

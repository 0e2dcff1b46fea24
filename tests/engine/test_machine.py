"""Nothing is lost: random scenarios, random actions by random people, every invariant after every step.

``make nightly`` drives it for at least 200,000 steps, CI for 2,000.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from outboxsim.engine import Simulation
from outboxsim.outbox import Refused, SendStatus
from tests.engine.conftest import scenario_of

PEOPLE = ("greta", "lena", "tom", "udo", "cy")
PATTERNS: tuple[Any, ...] = (
    ["1 min", "5 min"],
    {"fixed": "30 s", "max_attempts": 4},
    {"preset": "postfix"},
    {"preset": "exim"},
    {"exponential": {"first": "10 s", "factor": 2, "cap": "5 min"}, "jitter": "full", "max_age": "30 min"},
)
CONNECTORS = st.fixed_dictionaries(
    {},
    optional={
        "latency": st.sampled_from(["2 s", {"dist": "uniform", "low": "0 s", "high": "40 s"}]),
        "capacity": st.integers(1, 3),
        "rate_limit": st.sampled_from(["2 per min", "1 per s"]),
        "queue": st.sampled_from(["fifo", "priority"]),
        "transient_failure": st.sampled_from([0.2, 0.7]),
        "permanent_failure": st.sampled_from([0.05, 0.3]),
        "greylisting": st.sampled_from(["2 min", {"min_delay": "1 min", "per": "recipient"}]),
        "disable_after": st.integers(1, 4),
        "breaker": st.sampled_from(
            [{"failures": 2, "open_for": "3 min"}, {"failures": 3, "open_for": "2 min", "within": "scan", "window": 2}]
        ),
        "retry": st.sampled_from(PATTERNS),
        "attempt_limit": st.integers(1, 6),
        "scan": st.sampled_from(
            [{"interval": "45 s"}, {"interval": "1 min", "offset": "7 s", "early": "1 s", "serial": "2 s", "applies_to": "retries"}]
        ),
        "breakdowns": st.just(
            {"up": {"dist": "exponential", "mean": "10 min"}, "down": {"dist": "exponential", "mean": "4 min"}, "kind": "timeout"}
        ),
        "outages": st.just(
            [{"from": "3 min", "until": "8 min", "kind": "reject", "error": "451 later"}, {"from": "6 min", "for": "5 min"}]
        ),
    },
)


class OutboxMachine(RuleBasedStateMachine):
    """The invariants themselves live in engine/invariants.py and are checked after every instant."""

    @initialize(
        main=CONNECTORS,
        other=CONNECTORS,
        retry=st.sampled_from(PATTERNS),
        manual_retry=st.sampled_from(["continue", "restart", "once"]),
        on_enable=st.sampled_from(["manual", "resume"]),
        attempt_limit=st.none() | st.integers(1, 8),
        seed=st.integers(0, 5),
    )
    def begin(self, main, other, retry, manual_retry, on_enable, attempt_limit, seed):
        emails = [
            {
                "id": f"m{n}",
                "at": f"{n * 40} s",
                "from": PEOPLE[n % 4],
                "to": f"x@{n % 3}.example",
                "priority": ("high", "normal", "low")[n % 3],
            }
            for n in range(12)
        ]
        emails += [{"id": "old", "at": "1 min", "migrated": True, "from": "tom", "to": "y@1.example"}]
        emails += [{"id": "later", "at": "1 min", "from": "lena", "to": "y@1.example", "send_at": "5 min", "work_item": "T-1"}]
        keys: dict[str, Any] = {} if attempt_limit is None else {"attempt_limit": attempt_limit}
        scenario = scenario_of(
            horizon="2 h",
            seed=seed,
            users={
                "cy": {"admin": True, "access": "all"},
                "lena": {"undo_window": "30 s"},
                "greta": {"access": ["billing"]},
                "tom": {"address": "tom@other.example"},
            },
            connectors={"main": {**main, "default": True}, "other": {**other, "addresses": ["tom@other.example"]}},
            retry=retry,
            manual_retry=manual_retry,
            on_enable=on_enable,
            emails=emails,
            work_items={"T-1": {"type": "ticket", "team": "payroll"}, "T-2": {"type": "case", "team": "billing"}},
            traffic=[{"name": "mail", "from": ["lena", "udo"], "arrivals": {"poisson": "60 per h"}, "limit": 20}],
            **keys,
        )
        self.simulation = Simulation(scenario, check_invariants=True)
        self.ids = [*(f"m{n}" for n in range(12)), "old", "later", *(f"mail-{n}" for n in range(1, 8)), "T-1-split-1", "nobody"]
        self.sent: set[str] = set()

    @rule(seconds=st.integers(0, 90))
    def wait(self, seconds):
        target = self.simulation.elapsed + seconds * 1_000_000
        self.simulation.run_until(min(target, self.simulation.scenario.horizon))

    @rule()
    def step(self):
        self.simulation.step()

    @rule(action=st.sampled_from(["retry", "cancel", "send_now", "undo"]), which=st.integers(0, 30), by=st.sampled_from(PEOPLE))
    def act(self, action, which, by):
        email = self.ids[which % len(self.ids)]
        seen = {view.id for view in self.simulation.outbox(by, "all")}
        try:
            getattr(self.simulation, action)(email, by=by)
        except Refused:
            return
        assert email in seen, "P3: nobody acts on what he may not see"

    @rule(connector=st.sampled_from(["main", "other"]), by=st.sampled_from(PEOPLE), on=st.booleans())
    def switch(self, connector, by, on):
        try:
            (self.simulation.enable if on else self.simulation.disable)(connector, by=by)
        except Refused:
            assert by != "cy"
        else:
            assert self.simulation.is_enabled(connector) is on or on  # it may have disabled itself at once (C6)

    @rule(connector=st.sampled_from(["main", "other"]), minutes=st.integers(1, 10), kind=st.sampled_from(["refuse", "timeout"]))
    def outage(self, connector, minutes, kind):
        self.simulation.outage(connector, duration=f"{minutes} min", kind=kind)

    @rule(capacity=st.none() | st.integers(1, 3))
    def change_capacity(self, capacity):
        self.simulation.change({"connectors": {"main": {"capacity": capacity}}})

    @rule(by=st.sampled_from(PEOPLE), verb=st.sampled_from(["split", "share"]))
    def work_item(self, by, verb):
        try:
            getattr(self.simulation, verb)("T-1", by=by)
        except Refused:
            assert by in ("udo", "cy")

    @precondition(lambda self: self.simulation.elapsed > 0)
    @rule()
    def nothing_is_lost(self):
        """E4: submitted = in outbox + sent + cancelled, and the tables say what the engine says."""
        result = self.simulation.result
        counts = result.emails["status"].value_counts()
        in_outbox = sum(int(counts.get(status.word, 0)) for status in SendStatus if status.in_outbox)
        assert len(result.emails) == in_outbox + int(counts.get("sent", 0)) + int(counts.get("cancelled", 0))
        assert len(self.simulation.outbox()) == in_outbox
        assert result.emails["attempts"].sum() == len(result.attempts)

    @precondition(lambda self: self.simulation.elapsed > 0)
    @rule(user=st.sampled_from(PEOPLE), view=st.sampled_from(["mine", "team", "system", "all"]))
    def tables_rebuild_the_page(self, user, view):
        """`Result.outbox` from the events alone shows what the engine shows."""
        clock = self.simulation.scenario.clock
        rebuilt = self.simulation.result.outbox(self.simulation.elapsed, user, view)
        shown = self.simulation.outbox(user, view)
        assert [state.id for state in rebuilt] == [email.id for email in shown]
        for state, email in zip(rebuilt, shown, strict=True):
            assert (state.status, state.attempts, state.in_flight, state.last_error) == (
                email.status,
                email.attempts,
                email.in_flight,
                email.last_error,
            )
            for name in ("next_attempt", "last_attempt", "logged"):
                instant = getattr(state, name)
                assert (None if instant is None else clock.datetime(instant)) == getattr(email, name), (name, state, email)

    @invariant()
    def sent_stays_sent(self):
        if not hasattr(self, "simulation"):
            return
        in_outbox = {email.id for email in self.simulation.outbox()}
        assert not in_outbox & self.sent
        result_ids = [email for email in self.ids if self._has_left(email, in_outbox)]
        self.sent.update(result_ids)

    def _has_left(self, email, in_outbox):
        try:
            return self.simulation.email(email).status >= SendStatus.SENT
        except KeyError:
            return False


class NightlyMachine(OutboxMachine):
    """The same, 4,000 times 50 steps."""


#: CI: 50 x 40 = 2,000 steps; nightly: 4,000 x 50 = 200,000.
OutboxMachine.TestCase.settings = settings(
    max_examples=50, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
NightlyMachine.TestCase.settings = settings(
    max_examples=4_000, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
TestOutboxMachine = OutboxMachine.TestCase
TestNightlyMachine = pytest.mark.timeout(7200)(pytest.mark.nightly(NightlyMachine.TestCase))

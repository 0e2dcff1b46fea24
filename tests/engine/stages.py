"""Random small scenarios and random actions by random users, for properties of whole runs."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from outboxsim.engine import Simulation
from outboxsim.outbox import Refused
from outboxsim.scenario import Scenario
from tests.engine.conftest import scenario_of

PEOPLE = ("greta", "lena", "tom", "udo", "cy")
IDS = (*(f"m{n}" for n in range(6)), "old", "later", *(f"mail-{n}" for n in range(1, 5)), "T-1-split-1", "own-1", "own-2", "nobody")
PATTERNS: tuple[Any, ...] = (
    ["1 min", "5 min"],
    {"fixed": "30 s", "max_attempts": 4},
    {"preset": "exim"},
    {"exponential": {"first": "10 s", "factor": 2, "cap": "5 min"}, "jitter": "full", "max_age": "30 min"},
)
CONNECTORS = st.fixed_dictionaries(
    {},
    optional={
        "latency": st.sampled_from(["2 s", {"dist": "uniform", "low": "0 s", "high": "40 s"}]),
        "capacity": st.integers(1, 2),
        "rate_limit": st.just("2 per min"),
        "queue": st.sampled_from(["fifo", "priority"]),
        "transient_failure": st.sampled_from([0.2, 0.7]),
        "permanent_failure": st.just(0.1),
        "greylisting": st.just("2 min"),
        "disable_after": st.integers(1, 3),
        "breaker": st.just({"failures": 2, "open_for": "3 min"}),
        "retry": st.sampled_from(PATTERNS),
        "scan": st.just({"interval": "45 s"}),
        "enabled": st.booleans(),
        "outages": st.just(
            [{"from": "3 min", "until": "8 min", "kind": "reject", "error": "451 later"}, {"from": "6 min", "for": "5 min"}]
        ),
        "breakdowns": st.just({"up": {"dist": "exponential", "mean": "10 min"}, "down": {"dist": "exponential", "mean": "4 min"}}),
    },
)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """A small scenario of two connectors, five people, twenty emails and half an hour."""
    emails: list[dict[str, Any]] = [
        {
            "id": f"m{n}",
            "at": f"{n * 20} s",
            "from": PEOPLE[n % 4],
            "to": f"x@{n % 3}.example",
            "priority": ("high", "normal", "low")[n % 3],
        }
        for n in range(6)
    ]
    emails += [{"id": "old", "at": "1 min", "migrated": True, "from": "tom", "to": "y@1.example"}]
    emails += [{"id": "later", "at": "0 s", "from": "lena", "to": "y@1.example", "send_at": "5 min", "work_item": "T-1"}]
    return scenario_of(
        horizon="30 min",
        time_zone="Europe/Berlin",
        seed=draw(st.integers(0, 3)),
        users={
            "cy": {"admin": True, "access": "all"},
            "lena": {"undo_window": draw(st.sampled_from(["0 s", "30 s"]))},
            "greta": {"access": ["billing"]},
            "tom": {"address": "tom@other.example"},
        },
        connectors={
            "main": {**draw(CONNECTORS), "default": True},
            "other": {**draw(CONNECTORS), "addresses": ["tom@other.example"]},
        },
        retry=draw(st.sampled_from(PATTERNS)),
        manual_retry=draw(st.sampled_from(["continue", "restart", "once"])),
        on_enable=draw(st.sampled_from(["manual", "resume"])),
        emails=emails,
        work_items={"T-1": {"type": "ticket", "team": "payroll"}, "T-2": {"type": "case", "team": "billing"}},
        traffic=[{"name": "mail", "from": ["lena", "udo"], "arrivals": {"poisson": "60 per h"}, "limit": 8}],
        timeline=draw(
            st.sampled_from([[], [{"at": "2 min", "disable": "main", "by": "cy"}, {"at": "2 min", "split": "T-1", "by": "lena"}]])
        ),
    )


_BY = st.sampled_from((*PEOPLE, None))
ACTIONS = st.one_of(
    st.tuples(st.sampled_from(["retry", "cancel", "send_now", "undo"]), st.tuples(st.sampled_from(IDS)), st.just({}), _BY),
    st.tuples(
        st.just("submit"),
        st.tuples(st.sampled_from(["own-1", "own-2", "own-3"])),
        st.fixed_dictionaries(
            {},
            optional={
                "send_at": st.sampled_from(["10 min", "2 h"]),
                "work_item": st.just("T-1"),
                "priority": st.just("high"),
                "via": st.just("other"),
                "cc": st.just(["a@b.example", "c@d.example"]),
                "body": st.just("One\n- two: \u202e #three"),
                "attachments": st.just([("a b.pdf", 3)]),
                "from_address": st.just("tom@other.example"),
            },
        ),
        _BY,
    ),
    st.tuples(st.sampled_from(["enable", "disable"]), st.tuples(st.sampled_from(["main", "other"])), st.just({}), _BY),
    st.tuples(
        st.just("outage"),
        st.tuples(st.sampled_from(["main", "other"])),
        st.sampled_from([{}, {"duration": "90 s"}, {"duration": "2 min", "kind": "timeout"}, {"kind": "reject", "error": "550 no"}]),
        _BY,
    ),
    st.tuples(
        st.just("change"),
        st.tuples(
            st.sampled_from(
                [
                    {"retry": "postfix"},
                    {"connectors": {"main": {"capacity": 1, "transient_failure": "50 %", "latency": "1 s"}}},
                    {"connectors": {"other": {"rate_limit": "1 per min"}}},
                    {"users": {"lena": {"undo_window": "1 min"}}},
                    {"users": {"udo": {"access": "all", "admin": True}}},
                    {"on_enable": "resume", "attempt_limit": 3},
                ]
            )
        ),
        st.just({}),
        _BY,
    ),
    st.tuples(st.sampled_from(["split", "share"]), st.tuples(st.sampled_from(["T-1", "T-2"])), st.just({}), _BY),
    st.tuples(st.just("merge"), st.just(("T-2", "T-1")), st.just({}), _BY),
    st.tuples(st.just("assign"), st.tuples(st.sampled_from(["T-1", "T-2"]), st.sampled_from(PEOPLE)), st.just({}), _BY),
)

#: Seconds to let go by, or 0: act at once.
WAITS = st.sampled_from([0, 0, 1, 7, 20, 60, 240])


def attempt(act: Any, verb: str, targets: tuple[Any, ...], arguments: dict[str, Any], by: str | None) -> None:
    """Do it; what is refused or invalid is so."""
    try:
        act(verb, *targets, by=by, **arguments)
    except (Refused, ValueError):
        return


def csv_of(simulation: Simulation) -> tuple[str, str, str]:
    """The three tables, byte by byte."""
    result = simulation.result
    return tuple(getattr(result, name).to_csv() for name in ("emails", "attempts", "events"))  # type: ignore[return-value]

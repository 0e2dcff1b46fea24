"""Judges a scenario's expectations on its run (spec/scenario.md section 3): one verdict per comparison, in the file's order."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from outboxsim.checks.comparing import holds
from outboxsim.checks.histories import History, history_lines
from outboxsim.checks.verdict import Outcome, Plain, Verdict
from outboxsim.checks.writing import Kind, comparison_as_plain, comparison_in_words, in_words, moment, plain
from outboxsim.scenario import AtExpectation, AttemptsExpectation, EventuallyExpectation, MetricsExpectation, NeverExpectation

if TYPE_CHECKING:
    from outboxsim.analysis import EmailState, Replay, Result
    from outboxsim.scenario import Comparison, OutboxCheck, Scenario
    from outboxsim.scenario import EmailState as ExpectedState

Place: TypeAlias = tuple[str | int, ...]

#: What kind of value each field of an email's state holds.
FIELDS: Final[Mapping[str, Kind]] = {
    "status": "word",
    "attempts": "count",
    "next_attempt": "instant",
    "last_attempt": "instant",
    "logged": "instant",
    "last_error": "text",
    "connector": "word",
    "in_flight": "word",
}

NOT_SUBMITTED: Final = "not submitted"

#: Each history reads the whole run once.
MOST_HISTORIES: Final = 25


@dataclass(frozen=True, slots=True)
class Stage:
    """Where verdicts are written: the run, and the file's places."""

    scenario: Scenario
    result: Result
    _changes: dict[str, list[tuple[int, EmailState]]] = dataclasses.field(default_factory=dict)
    _histories: dict[str, History] = dataclasses.field(default_factory=dict)

    def changes(self, email: str) -> Sequence[tuple[int, EmailState]]:
        """The email's settled states; a run is replayed only once for each email."""
        if email not in self._changes:
            self._changes[email] = self.result.changes(email)
        return self._changes[email]

    def history(self, email: str, at: int) -> tuple[str, ...]:
        """The email's history, with a mark at the instant of the check; a bulk action that fails for thousands tells only some."""
        if email not in self._histories:
            if len(self._histories) == MOST_HISTORIES:
                return (f"(its history is left out: those of {MOST_HISTORIES} emails are told)",)
            self._histories[email] = self.result.email_history(email)
        return history_lines(self._histories[email], at, self.result.clock)

    def locate(self, place: Place) -> tuple[int, int]:
        """Line and column of a place in the file; 0, 0 for a scenario built in Python."""
        source = self.scenario.source
        return source.locate(place) if source is not None else (0, 0)

    def verdict(
        self,
        *,
        passed: bool,
        at: int,
        path: str,
        place: Place,
        expected: Plain,
        got: Plain,
        message: str,
        name: str = "",
        about: str | None = None,
    ) -> Verdict:
        """A verdict; a failed one about an email tells that email's history."""
        line, column = self.locate(place)
        clock = self.result.clock
        return Verdict(
            path=path,
            line=line,
            column=column,
            outcome=Outcome.PASSED if passed else Outcome.FAILED,
            at=clock.iso(at),
            moment=moment(at, clock),
            expected=expected,
            got=got,
            message=message,
            name=name,
            history=self.history(about, at) if about is not None and not passed else (),
        )

    def compared(
        self,
        comparison: Comparison,
        got: Any,
        kind: Kind,
        *,
        at: int,
        path: str,
        place: Place,
        name: str,
        about: str | None = None,
        found: str | None = None,
    ) -> Verdict:
        """The verdict of one comparison with one value; `found` says the value in other words."""
        clock = self.result.clock
        return self.verdict(
            passed=holds(comparison, got),
            at=at,
            path=path,
            place=place,
            expected=comparison_as_plain(comparison, kind, clock),
            got=plain(got, kind, clock),
            message=f"expected {comparison_in_words(comparison, kind, clock)}, got {found or in_words(got, kind, clock)}",
            name=name,
            about=about,
        )


def judge(scenario: Scenario, result: Result, of_replications: Mapping[int, list[Verdict]] = MappingProxyType({})) -> list[Verdict]:
    """The verdicts on a scenario's expectations, in the file's order.

    Parameters
    ----------
    scenario, result
        What ran, and its run.
    of_replications
        The verdicts on statistical expectations (``over: replications``) by the expectation's index, as
        `outboxsim.checks.statistical.judge_replications` gives them. Those expectations need many runs: they are not judged here.
    """
    stage = Stage(scenario, result)
    of_expectation: dict[int, list[Verdict]] = {**dict(_at_instants(stage, scenario.expect)), **of_replications}
    for expectation in scenario.expect:
        if not isinstance(expectation, AtExpectation) and getattr(expectation, "over", None) is None:
            of_expectation[expectation.index] = list(_over_the_run(stage, expectation))
    return [verdict for index in sorted(of_expectation) for verdict in of_expectation[index]]


def field_of(state: EmailState, name: str) -> Any:
    """A field of an email's state as expectations compare it: the status is a word."""
    return state.status.word if name == "status" else getattr(state, name)


# At an instant ----------------------------------------------------------------------------------------------------------------------


def _at_instants(stage: Stage, expectations: Iterable[object]) -> Iterator[tuple[int, list[Verdict]]]:
    """All checks at instants, in one replay of the run: by time, not in the file's order."""
    at_instants = sorted((e for e in expectations if isinstance(e, AtExpectation)), key=lambda expectation: expectation.at)
    if not at_instants:
        return
    replay = stage.result.replay()
    for expectation in at_instants:
        replay.advance_to(expectation.at)
        verdicts = [*_emails(stage, replay, expectation), *_outbox(stage, replay, expectation), *_connectors(stage, replay, expectation)]
        yield expectation.index, verdicts


def _emails(stage: Stage, replay: Replay, expectation: AtExpectation) -> Iterator[Verdict]:
    for email, comparisons in (expectation.emails or {}).items():
        state = replay.email(email)
        for field, comparison in comparisons.items():
            path, place = f"emails.{email}.{field}", ("expect", expectation.index, "emails", email, field)
            yield stage.compared(
                comparison,
                None if state is None else field_of(state, field),
                FIELDS[field],
                at=expectation.at,
                path=path,
                place=place,
                name=expectation.name,
                about=email,
                found=NOT_SUBMITTED if state is None else None,
            )


def _outbox(stage: Stage, replay: Replay, expectation: AtExpectation) -> Iterator[Verdict]:
    check = expectation.outbox
    if check is None:
        return
    seen = [state.id for state in replay.outbox(check.as_, check.view)]
    place: Place = ("expect", expectation.index, "outbox")
    if check.count is not None:
        yield stage.compared(
            check.count, len(seen), "count", at=expectation.at, path="outbox.count", place=(*place, "count"), name=expectation.name
        )
    if check.emails is not None:
        yield _outbox_emails(stage, check, seen, expectation, (*place, "emails"))


def _outbox_emails(stage: Stage, check: OutboxCheck, seen: list[str], expectation: AtExpectation, place: Place) -> Verdict:
    expected = list(check.emails or ())
    clock = stage.result.clock
    missing = [email for email in expected if email not in set(seen)]
    unexpected = [email for email in seen if email not in set(expected)]
    differences = [
        f"{what} {in_words(emails, 'word', clock)}" for what, emails in (("missing", missing), ("unexpected", unexpected)) if emails
    ]
    message = f"expected {in_words(expected, 'word', clock)}, got {in_words(seen, 'word', clock)}"
    return stage.verdict(
        passed=not differences,
        at=expectation.at,
        path="outbox.emails",
        place=place,
        expected=plain(expected, "word", clock),
        got=plain(seen, "word", clock),
        message=f"{message}: {'; '.join(differences)}" if differences else message,
        name=expectation.name,
    )


def _connectors(stage: Stage, replay: Replay, expectation: AtExpectation) -> Iterator[Verdict]:
    for connector, expected in (expectation.connectors or {}).items():
        got = "enabled" if replay.connector_enabled(connector) else "disabled"
        yield stage.verdict(
            passed=got == expected,
            at=expectation.at,
            path=f"connectors.{connector}",
            place=("expect", expectation.index, "connectors", connector),
            expected=str(expected),
            got=got,
            message=f"expected {expected}, got {got}",
            name=expectation.name,
        )


# Over the run -----------------------------------------------------------------------------------------------------------------------


def _over_the_run(stage: Stage, expectation: object) -> Iterator[Verdict]:
    match expectation:
        case AttemptsExpectation():
            yield from _attempts(stage, expectation)
        case NeverExpectation():
            yield from _never(stage, expectation)
        case EventuallyExpectation():
            yield from _eventually(stage, expectation)
        case MetricsExpectation():
            yield from _metrics(stage, expectation)


def _attempts(stage: Stage, expectation: AttemptsExpectation) -> Iterator[Verdict]:
    clock, end = stage.result.clock, stage.result.horizon
    for email, expected in expectation.attempts.items():
        starts = stage.result.attempt_starts(email)
        got = starts if starts or stage.changes(email) else None
        found = NOT_SUBMITTED if got is None else in_words(got, "instant", clock)
        yield stage.verdict(
            passed=got == list(expected),
            at=end,
            path=f"attempts.{email}",
            place=("expect", expectation.index, "attempts", email),
            expected=plain(list(expected), "instant", clock),
            got=plain(got, "instant", clock),
            message=f"expected {in_words(list(expected), 'instant', clock)}, got {found}",
            name=expectation.name,
            about=email,
        )


def _never(stage: Stage, expectation: NeverExpectation) -> Iterator[Verdict]:
    """Judged on the state at the window's begin and after every change in it, its end included."""
    begin, end = expectation.during
    states = _states_during(stage.changes(expectation.never.email), begin, end)
    met = next(((at, state) for at, state in states if _matches(expectation.never, state)), None)
    at, state = met or (states[-1] if states else (end, None))
    at = at if met else end
    yield from _about_a_state(stage, expectation, "never", expectation.never, state, at=at, passed=met is None)


def _eventually(stage: Stage, expectation: EventuallyExpectation) -> Iterator[Verdict]:
    """Judged on every settled state from the submission on, up to the instant, which is included."""
    states = _states_during(stage.changes(expectation.eventually.email), 0, expectation.by)
    met = next((state for _, state in states if _matches(expectation.eventually, state)), None)
    state = met or (states[-1][1] if states else None)
    yield from _about_a_state(stage, expectation, "eventually", expectation.eventually, state, at=expectation.by, passed=met is not None)


def _states_during(changes: Sequence[tuple[int, EmailState]], begin: int, end: int) -> list[tuple[int, EmailState]]:
    """The states held at some instant of [begin, end], each with the first such instant."""
    until = [*(time for time, _ in changes[1:]), None]
    return [
        (max(time, begin), state)
        for (time, state), change in zip(changes, until, strict=False)
        if time <= end and (change is None or change > begin)
    ]


def _matches(expected: ExpectedState, state: EmailState) -> bool:
    return all(holds(comparison, field_of(state, field)) for field, comparison in expected.fields.items())


def _about_a_state(
    stage: Stage,
    expectation: NeverExpectation | EventuallyExpectation,
    verb: str,
    expected: ExpectedState,
    state: EmailState | None,
    *,
    at: int,
    passed: bool,
) -> Iterator[Verdict]:
    """One verdict per field; several fields stand and fall together, since the email had to be in all of them at once."""
    clock = stage.result.clock
    for field, comparison in expected.fields.items():
        kind = FIELDS[field]
        got = None if state is None else field_of(state, field)
        others = [
            f"{other} {comparison_in_words(with_it, FIELDS[other], clock)}" for other, with_it in expected.fields.items() if other != field
        ]
        together = f" together with {' and '.join(others)}" if others else ""
        found = NOT_SUBMITTED if state is None else in_words(got, kind, clock)
        yield stage.verdict(
            passed=passed,
            at=at,
            path=f"{verb}.{field}",
            place=("expect", expectation.index, verb, field),
            expected=comparison_as_plain(comparison, kind, clock),
            got=plain(got, kind, clock),
            message=f"expected {expected.email} {verb} {comparison_in_words(comparison, kind, clock)}{together}, got {found}",
            name=expectation.name,
            about=expected.email,
        )


def _metrics(stage: Stage, expectation: MetricsExpectation) -> Iterator[Verdict]:
    from outboxsim.analysis.metrics import kind_of, metric  # noqa: PLC0415 - pandas is only loaded if metrics are asked
    from outboxsim.analysis.selection import Selected  # noqa: PLC0415

    selected = Selected(stage.result, expectation.select)
    for name, comparison in expectation.metrics.items():
        yield stage.compared(
            comparison,
            metric(selected, name),
            kind_of(name),
            at=stage.result.horizon,
            path=f"metrics.{name}",
            place=("expect", expectation.index, "metrics", name),
            name=expectation.name,
        )

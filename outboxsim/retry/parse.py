"""From the value of a retry key in a scenario file to a RetryPattern; every fault at once, each with its place inside the value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from outboxsim.errors import QuantityError
from outboxsim.retry.connector_parts import Breaker, Scan
from outboxsim.retry.delays import Age, DelayRule, Doublings, Exponential, Fibonacci, Fixed, Grid, Linear, Piece, Pieces, Polynomial, Table
from outboxsim.retry.faults import Faults, PatternInvalid
from outboxsim.retry.jitter import Decorrelated, Equal, Full, Jitter, NoJitter, Percent, Plus, PlusPerRetry
from outboxsim.retry.pattern import RetryPattern, check_first_delay
from outboxsim.retry.presets import PRESETS
from outboxsim.retry.values import (
    did_you_mean,
    duration,
    number,
    number_from_one,
    one_of,
    positive_duration,
    share,
    shown,
    truth,
    whole_from,
    written,
)

Reader = Callable[[object], Any]

#: In a file a bare number is no duration (spec/scenario.md section 1).
DELAY: Final = written(positive_duration)
SPAN: Final = written(duration)


@dataclass(frozen=True)
class Form:
    """The keys of one kind of mapping, how each is read, and what they make."""

    what: str
    make: Callable[..., Any]
    required: Mapping[str, Reader] = field(default_factory=dict)
    optional: Mapping[str, Reader] = field(default_factory=dict)

    def __call__(self, value: object) -> Any:
        """Read a mapping of this form."""
        if not isinstance(value, Mapping):
            raise PatternInvalid([((), f"{shown(value)} is no {self.what}; write a mapping with {self._keys()}")])
        faults = Faults()
        readers = {**self.required, **self.optional}
        found: dict[str, Any] = {}
        for key, part in value.items():
            if key in readers:
                found[key] = faults.read((key,), readers[key], part)
            else:
                faults.add_key((key,), f"{shown(key)} is no key of {self.what}{did_you_mean(key, readers)} (known: {', '.join(readers)})")
        for key in self.required:
            if key not in value:
                faults.add((), f"{self.what} lacks '{key}'; it needs {' and '.join(self.required)}")
        faults.done()
        return self.make(**found)

    def _keys(self) -> str:
        needed = " and ".join(self.required) or " or ".join(self.optional)
        more = f" (also {', '.join(self.optional)})" if self.required and self.optional else ""
        return needed + more


def _items(what: str, example: str, reader: Reader, make: Callable[[tuple[Any, ...]], Any]) -> Reader:
    def read(value: object) -> Any:
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            raise PatternInvalid([((), f"{shown(value)} is no {what}; write for example {example}")])
        faults = Faults()
        items = faults.read_all((), reader, value)
        faults.done()
        return make(items)

    return read


_PIECE: Final = Form("piece", Piece, {"until": DELAY}, {"every": DELAY, "first": DELAY, "factor": number})
_DELAYS: Final = _items("list of delays", "[1 min, 5 min, 1 h]", DELAY, tuple)

#: The ten delay rules by their key (spec/retry.md, "Parts").
RULES: Final[Mapping[str, Reader]] = {
    "delays": _DELAYS,
    "fixed": lambda value: Fixed(DELAY(value)),
    "exponential": Form("exponential", Exponential, {"first": DELAY}, {"factor": number, "cap": DELAY}),
    "linear": Form("linear", Linear, {"first": DELAY, "step": SPAN}, {"cap": DELAY}),
    "polynomial": Form("polynomial", Polynomial, {"power": number, "plus": DELAY}),
    "fibonacci": Form("fibonacci", Fibonacci, {"first": DELAY}, {"cap": DELAY}),
    "age": Form("age", Age, {"min": DELAY, "max": DELAY}),
    "pieces": _items("list of pieces", "[{until: 2 h, every: 15 min}]", _PIECE, Pieces),
    "grid": Form("grid", Grid, {"unit": DELAY}, {"power": number_from_one}),
    "doublings": Form("doublings", Doublings, {"min": DELAY, "max": DELAY}, {"max_doublings": whole_from(0)}),
}

_PLAIN_JITTERS: Final[Mapping[str, Jitter]] = {"none": NoJitter(), "full": Full(), "equal": Equal(), "decorrelated": Decorrelated()}
_JITTER_MAPPINGS: Final[Mapping[str, Form]] = {
    "plus": Form("jitter", lambda plus, at_most=None: Plus(plus, at_most), {"plus": DELAY}, {"at_most": DELAY}),
    "plus_per_retry": Form("jitter", lambda plus_per_retry: PlusPerRetry(most=plus_per_retry), {"plus_per_retry": DELAY}),
    "percent": Form("jitter", lambda percent: Percent(share_of_delay=percent), {"percent": share}),
}


def _jitter(value: object) -> Jitter:
    if isinstance(value, str) and value in _PLAIN_JITTERS:
        return _PLAIN_JITTERS[value]
    if isinstance(value, Mapping):
        for kind, form in _JITTER_MAPPINGS.items():
            if kind in value:
                jitter: Jitter = form(value)
                return jitter
        if len(value) == 1:
            key = next(iter(value))
            raise PatternInvalid([((key,), f"{shown(key)} is no jitter{did_you_mean(key, _JITTER_MAPPINGS)} ({_JITTER_HINT})")], [(key,)])
    raise QuantityError(f"{shown(value)} is no jitter{did_you_mean(value, _PLAIN_JITTERS)} ({_JITTER_HINT})")


_JITTER_HINT: Final = (
    "write none, full, equal, decorrelated, {plus: 30 s}, {plus: 1 s, at_most: 5 s}, {plus_per_retry: 30 s} or {percent: 10 %}"
)

parse_scan: Final = Form(
    "scan",
    Scan,
    optional={"interval": SPAN, "offset": SPAN, "early": SPAN, "serial": SPAN, "applies_to": one_of("all", "retries")},
)
parse_breaker: Final = Form(
    "breaker", Breaker, {"failures": whole_from(1), "open_for": DELAY}, {"within": one_of("scan"), "window": whole_from(1)}
)

#: The parts beside the delay rule.
PARTS: Final[Mapping[str, Reader]] = {
    "jitter": _jitter,
    "max_attempts": whole_from(1),
    "max_age": DELAY,
    "stop": one_of("any", "all"),
    "scope": one_of("email", "connector"),
    "clock": DELAY,
    "scan": parse_scan,
    "breaker": parse_breaker,
}

#: Parts that an override may take away from a preset with null.
REMOVABLE: Final = frozenset({"max_attempts", "max_age", "clock", "scan", "breaker"})

_KEYS: Final = (*RULES, "repeat_last", *PARTS, "preset")


def parse_pattern(value: object, known: Mapping[str, RetryPattern] | None = None) -> RetryPattern:
    """The pattern that a value of a scenario file means.

    Parameters
    ----------
    value
        A list of durations (a table); a mapping with exactly one delay rule and other parts; ``{"preset": NAME}`` with parts overridden
        (null takes a part away); or a name.
    known
        The patterns of the file by name; they go before presets of the same name.

    Returns
    -------
    RetryPattern

    Raises
    ------
    PatternInvalid
        With every fault: ``faults`` holds pairs of place (a tuple of keys below the value) and message.
    """
    if isinstance(value, RetryPattern):
        return value
    if isinstance(value, str):
        return _named(value, known or {})
    if isinstance(value, Mapping):
        return _from_parts(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return RetryPattern(Table(_DELAYS(value)))
    raise PatternInvalid(
        [((), f"{shown(value)} is no retry pattern; write a name, a list such as [1 min, 5 min], or a mapping such as {{fixed: 30 min}}")]
    )


def _named(name: str, known: Mapping[str, RetryPattern]) -> RetryPattern:
    if name in known:
        return known[name]
    if name in PRESETS:
        return PRESETS[name]
    near = did_you_mean(name, [*known, *PRESETS])
    here = f"known here: {', '.join(known)}; " if known else ""
    raise PatternInvalid([((), f"{shown(name)} is no retry pattern{near} ({here}presets: {', '.join(PRESETS)})")])


def _preset(name: object) -> RetryPattern:
    if isinstance(name, str) and name in PRESETS:
        return PRESETS[name]
    raise QuantityError(f"{shown(name)} is no preset{did_you_mean(name, PRESETS)} (presets: {', '.join(PRESETS)})")


def _from_parts(value: Mapping[Any, Any]) -> RetryPattern:
    faults = Faults()
    preset = faults.read("preset", _preset, value["preset"]) if "preset" in value else None
    rule = _rule_of(value, preset, faults)
    parts: dict[str, Any] = {}
    for key, part in value.items():
        if key in PARTS:
            removes = part is None and "preset" in value and key in REMOVABLE
            parts[key] = None if removes else faults.read((key,), PARTS[key], part)
        elif key not in _KEYS:
            faults.add_key((key,), f"{shown(key)} is no part of a retry pattern{did_you_mean(key, _KEYS)} (parts: {', '.join(_KEYS)})")
    _check_together(rule, parts, preset, faults)
    faults.done()
    return _built(rule, parts, preset)


def _check_together(rule: DelayRule | None, parts: dict[str, Any], preset: RetryPattern | None, faults: Faults) -> None:
    """Note what is wrong between rule and jitter, one of which a preset may bring, beside the faults of the single parts."""
    rule = preset.rule if rule is None and preset is not None else rule
    jitter = preset.jitter if "jitter" not in parts and preset is not None else parts.get("jitter")
    check_first_delay(rule, jitter, faults)


def _built(rule: DelayRule | None, parts: dict[str, Any], preset: RetryPattern | None) -> RetryPattern:
    if rule is not None:
        parts = {"rule": rule, **parts}
    if preset is None:
        return RetryPattern(**parts)
    return preset.replace(**parts) if parts else preset


def _rule_of(value: Mapping[Any, Any], preset: RetryPattern | None, faults: Faults) -> DelayRule | None:
    """The one delay rule; None if a preset brings it (or if it is faulty, which is then noted)."""
    given = [key for key in value if key in RULES]
    for key in given[1:]:
        faults.add_key((key,), f"a retry pattern has exactly one delay rule, and '{given[0]}' is one already; leave one of them out")
    if not given and "preset" not in value:
        near = "" if "repeat_last" not in value else " (repeat_last belongs to delays)"
        faults.add((), f"a retry pattern needs exactly one delay rule{near}: {', '.join(RULES)}; or a preset")
    rules = {key: faults.read((key,), RULES[key], value[key]) for key in given}
    rule: Any = rules[given[0]] if given else None
    repeat_last = faults.read("repeat_last", truth, value["repeat_last"]) if "repeat_last" in value else False
    if given[:1] == ["delays"]:
        return None if rule is None else _table(rule, repeat_last, faults)
    if "repeat_last" in value and given:
        faults.add_key(("repeat_last",), f"repeat_last belongs to delays, not to {given[0]}; leave it out")
    elif "repeat_last" in value and preset is not None:
        return _repeating(preset, repeat_last, faults)
    return rule  # type: ignore[no-any-return]  # each reader makes a rule


def _repeating(preset: RetryPattern, repeat_last: bool, faults: Faults) -> DelayRule | None:
    if isinstance(preset.rule, Table):
        return _table(preset.rule.delays, repeat_last, faults)
    faults.add_key(("repeat_last",), f"repeat_last belongs to delays, and the preset '{preset.name}' has none; leave it out")
    return None


def _table(delays: tuple[int, ...], repeat_last: bool, faults: Faults) -> Table:
    return faults.read((), lambda _: Table(delays, repeat_last=bool(repeat_last)), delays)

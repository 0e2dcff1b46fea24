"""Flaws: what is wrong with a value and where inside it. pydantic carries them up to the file's root; here they become faults of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from outboxsim.errors import Fault
from outboxsim.retry import PatternInvalid
from outboxsim.retry.faults import path_text
from outboxsim.scenario.places import Loc, Source
from outboxsim.scenario.words import printable, shown

#: What is said about keys until the mapping that they belong to says more.
MISSING: Final = "is missing"
UNKNOWN_KEY: Final = "is no key here"

#: Types of our own errors inside pydantic's: the value is wrong, or its key is.
_OF_VALUE: Final = "flaw"
_OF_KEY: Final = "flaw_of_key"
_WRONG_KIND: Final = {
    "list_type": "{value} is no list; write it in brackets: [one, two]",
    "tuple_type": "{value} is no list; write it in brackets: [one, two]",
    "dict_type": "{value} is no mapping; write it as key: value",
}


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong at a place inside a value; whether the key there is the fault, not its value."""

    loc: Loc
    message: str
    of_key: bool = False

    def below(self, *steps: str | int) -> Flaw:
        """The same flaw, seen from further up."""
        return Flaw((*steps, *self.loc), self.message, self.of_key)


def raised(flaws: Sequence[Flaw]) -> ValidationError:
    """An error that carries flaws through pydantic, which puts the path to the value in front of each place."""
    return ValidationError.from_exception_data(
        "scenario",
        [
            InitErrorDetails(
                type=PydanticCustomError(_OF_KEY if flaw.of_key else _OF_VALUE, "{message}", {"message": flaw.message}),
                loc=flaw.loc,
                input=None,
            )
            for flaw in flaws
        ],
    )


def flaws_of(error: ValidationError) -> Iterator[Flaw]:
    """The flaws in an error of pydantic: our own as they are, pydantic's in our words."""
    for detail in error.errors(include_url=False):
        loc, kind = tuple(step for step in detail["loc"] if not _is_tag(step)), detail["type"]
        context: dict[str, Any] = detail.get("ctx", {})
        if kind in {_OF_VALUE, _OF_KEY}:
            if loc and loc[-1] == "[key]":
                yield Flaw(loc[:-1], context["message"], of_key=True)
            else:
                yield Flaw(loc, context["message"], kind == _OF_KEY)
        elif kind == "value_error":
            is_key = bool(loc) and loc[-1] == "[key]"
            yield Flaw(loc[:-1] if is_key else loc, str(context["error"]), is_key)
        elif kind == "missing":
            yield Flaw(loc, MISSING)
        elif kind in {"extra_forbidden", "unexpected_keyword_argument"}:
            yield Flaw(loc, UNKNOWN_KEY, of_key=True)
        else:
            yield Flaw(loc, _WRONG_KIND.get(kind, detail["msg"]).format(value=shown(detail["input"])))


def flaws_in(error: ValueError) -> Iterator[Flaw]:
    """The flaws in whatever a reader raises."""
    if isinstance(error, ValidationError):
        yield from flaws_of(error)
    elif isinstance(error, PatternInvalid):
        yield from (Flaw(loc, message, loc in error.key_faults) for loc, message in error.faults)
    else:
        yield Flaw((), str(error))


def _is_tag(step: object) -> bool:
    """Tags of unions stand in angle brackets in pydantic's paths, and in no file."""
    return isinstance(step, str) and step.startswith("<tag ")


def file_faults(flaws: Iterable[Flaw], source: Source) -> Iterator[Fault]:
    """The flaws of a file's root as faults of that file, with line and column."""
    for flaw in flaws:
        line, column = source.locate_key(flaw.loc) if flaw.of_key else source.locate(flaw.loc)
        yield Fault(source.file, line, column, printable(path_text(flaw.loc)), printable(flaw.message))

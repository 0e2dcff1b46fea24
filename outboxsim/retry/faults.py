"""What is wrong with a retry pattern: every fault at once, each with the place inside the pattern."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias, TypeVar, cast

from outboxsim.errors import OutboxsimError, QuantityError

Loc: TypeAlias = tuple[str | int, ...]
T = TypeVar("T")


class PatternInvalid(OutboxsimError, ValueError):
    """A value that is no retry pattern.

    Parameters
    ----------
    faults
        Pairs of place and message. A place is a tuple of keys and indices below the pattern, such as ``("pieces", 1, "until")``; the empty
        tuple is the pattern itself (something is missing, say).
    key_faults
        Those places whose key is the fault, not its value: a key that no pattern has.
    """

    def __init__(self, faults: Iterable[tuple[Loc, str]], key_faults: Iterable[Loc] = ()) -> None:
        self.faults: list[tuple[Loc, str]] = list(faults)
        self.key_faults: frozenset[Loc] = frozenset(key_faults)
        super().__init__("\n".join(f"{path_text(loc)}: {message}" if loc else message for loc, message in self.faults))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.faults, self.key_faults)


def path_text(loc: Loc) -> str:
    """A place as people write it: ``pieces[1].until``."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in loc).removeprefix(".")


class Faults:
    """Collects faults while a value is read, so that all are reported and not only the first."""

    def __init__(self) -> None:
        self.found: list[tuple[Loc, str]] = []
        self.keys: list[Loc] = []

    def add(self, loc: Loc, message: str) -> None:
        """Note that something at `loc` is wrong."""
        self.found.append((loc, message))

    def add_key(self, loc: Loc, message: str) -> None:
        """Note that the last key of `loc` itself is wrong."""
        self.keys.append(loc)
        self.add(loc, message)

    def read(self, loc: Loc | str, reader: Callable[[object], T], value: object) -> T:
        """The value as `reader` understands it; what that refuses is noted (the result is then never used: `done` raises)."""
        at: Loc = (loc,) if isinstance(loc, str) else loc
        try:
            return reader(value)
        except QuantityError as error:
            self.add(at, str(error))
        except PatternInvalid as error:
            self.found += [((*at, *below), message) for below, message in error.faults]
            self.keys += [(*at, *below) for below in error.key_faults]
        return cast("T", None)

    def read_all(self, loc: Loc, reader: Callable[[object], T], values: Sequence[object]) -> tuple[T, ...]:
        """Each of the values as `reader` understands it."""
        return tuple([self.read((*loc, index), reader, value) for index, value in enumerate(values)])

    def done(self) -> None:
        """Raise PatternInvalid if anything was noted."""
        if self.found:
            raise PatternInvalid(self.found, self.keys)

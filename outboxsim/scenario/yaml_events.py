"""A YAML 1.2 document as plain values, every fault of its syntax, and where each value stands.

PyYAML parses (libyaml where there is one) up to the level of events; what is above, which PyYAML does as YAML 1.1 and by recursion, is
done here: plain scalars mean what the core schema says, and duplicate keys, anchors, aliases, tags and second documents are faults.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from outboxsim.scenario.core_schema import NumberRefused, resolve
from outboxsim.scenario.places import LINE, Loc, Places, packed, unpacked
from outboxsim.scenario.texts import TextFault, position

MOST_LEVELS: Final = 64
MOST_KEYS_AT_THE_TOP: Final = 1_000
MOST_FAULTS: Final = 1_000
MOST_ENTRIES: Final = 80_000
MOST_EMAILS: Final = 1_000_000

#: libyaml looks at all earlier ones for each: many would take for ever.
_MOST_DIRECTIVES: Final = 100
_DIRECTIVE: Final = re.compile(r"^%", re.MULTILINE)

#: Line breaks of YAML 1.1 that 1.2 (and every editor) takes for ordinary characters.
_OLD_BREAKS: Final = "\x85\u2028\u2029"
_PRIVATE_USE: Final = range(0xE000, 0xF8FF)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Broken:
    """What stands in the place of a value that could not be read; its fault is known already."""

    def __repr__(self) -> str:
        return "a value that could not be read"


BROKEN: Final = Broken()


@dataclass(slots=True)
class Document:
    """What a text holds.

    Attributes
    ----------
    value
        Plain dicts, lists, texts, numbers, booleans and None; only if `is_whole`.
    root, root_position
        Where its values stand.
    faults
        What is wrong with the syntax.
    broken
        Paths whose value could not be read: nothing more need be said about them.
    is_whole
        Whether the text was read to its end.
    """

    value: Any = None
    root: Places | None = None
    root_position: int = 0
    faults: list[TextFault] = field(default_factory=list)
    broken: set[Loc] = field(default_factory=set)
    is_whole: bool = True


class _Enough(Exception):
    """The document is whole; what follows is a fault already."""


class _Stop(Exception):
    """Reading on would be of no use."""


class _Frame:
    """A mapping or list that is being read."""

    __slots__ = ("container", "is_discarded", "is_mapping", "key", "key_is_complex", "marks", "parent_step", "places", "skips")

    def __init__(self, container: dict[str, Any] | list[Any], places: Places, parent_step: str | int, *, is_discarded: bool) -> None:
        self.container: Any = container
        self.parent_step = parent_step  # where in its parent it stands
        self.is_mapping = isinstance(container, dict)
        self.places = places
        self.marks: list[int] = []
        self.key: str | None = None  # the key whose value comes next
        self.key_is_complex = False  # a mapping or list stands where a key should be
        self.skips = False  # the value that comes next is of a faulty key
        self.is_discarded = is_discarded  # everything below a faulty key is read for its faults only

    @property
    def step(self) -> str | int:
        """Where in the container the reader is."""
        return (self.key or "") if self.is_mapping else len(self.container)


def read_yaml(text: str) -> Document:
    """Read one document; never raises for what the text holds."""
    reader = _Reader(text)
    reader.read()
    return reader.document


class _Reader:
    """Takes events one after the other; no recursion, whatever the text holds."""

    def __init__(self, text: str) -> None:
        self.document = Document()
        self.stack: list[_Frame] = []
        self.documents = 0
        self._text, self._restore = _without_old_breaks(text)
        self._handlers: dict[type[Any], Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: lambda event: self._container(event, {}),
            yaml.SequenceStartEvent: lambda event: self._container(event, []),
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }

    def read(self) -> None:
        """Read to the end, or to where it makes no more sense."""
        try:
            self._refuse_many_directives()
            handlers = self._handlers
            for event in _events(self._text):
                handler = handlers.get(type(event))
                if handler is not None:
                    handler(event)
        except _Enough:
            pass
        except _Stop:
            self.document.is_whole = False
        except yaml.YAMLError as error:
            self._syntax(error)
            self.document.is_whole = False

    def _refuse_many_directives(self) -> None:
        starts = [match.start() for _, match in zip(range(_MOST_DIRECTIVES + 1), _DIRECTIVE.finditer(self._text), strict=False)]
        if len(starts) > _MOST_DIRECTIVES:
            line, column = position(self._text, starts[-1])
            self._fatal(packed(line - 1, column - 1), f"more than {_MOST_DIRECTIVES} lines begin with '%'; a scenario needs no directives")

    # Events

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            self._fault(_at(event), "a second document starts here; a scenario is one document: take '---' and what follows out")
            raise _Enough

    def _scalar(self, event: Any) -> None:
        frame = self.stack[-1] if self.stack else None
        text = event.value if self._restore is None else event.value.translate(self._restore)
        mark = event.start_mark
        at = mark.line << LINE | mark.column
        if event.tag is not None or event.anchor is not None:
            self._refuse_properties(event)
        if not text.isascii() and _SURROGATE.search(text):
            self._fault(at, "half a surrogate pair is no character; write the character itself")
            text = _SURROGATE.sub("\ufffd", text)
        if frame is not None and frame.is_mapping and frame.key is None:
            self._take_key(frame, text, at)
        elif event.tag is not None:
            self._put_broken(at)
        elif event.style:  # quoted or a block: a text whatever it looks like
            self._put(text, at)
        else:
            self._put(self._plain(text, at), at)

    def _plain(self, text: str, at: int) -> Any:
        try:
            return resolve(text)
        except NumberRefused as error:
            self._fault(at, str(error))
            self._note_broken()
            return BROKEN

    def _alias(self, event: Any) -> None:
        self._fault(_at(event), f"the alias '*{_short(event.anchor)}' is refused: write the value itself")
        frame = self.stack[-1] if self.stack else None
        if frame is not None and frame.is_mapping and frame.key is None:
            frame.key, frame.skips = f"*{event.anchor}", True
        else:
            self._put_broken(_at(event))

    def _container(self, event: Any, container: dict[str, Any] | list[Any]) -> None:
        if event.tag is not None or event.anchor is not None:
            self._refuse_properties(event)
        if len(self.stack) == MOST_LEVELS:
            self._fatal(_at(event), f"more than {MOST_LEVELS} levels of mappings and lists; no scenario needs so many")
        places = Places(container)
        frame = self.stack[-1] if self.stack else None
        step = "" if frame is None else frame.step
        is_discarded = frame is not None and (frame.is_discarded or frame.skips)
        if frame is not None and frame.is_mapping and frame.key is None:
            self._fault(_at(event), "a mapping or list cannot be a key; write a text (a value that begins with { or [ needs quotes)")
            frame.key, frame.key_is_complex, is_discarded = "?", True, True
        else:
            self._put(container, _at(event), places)
        self.stack.append(_Frame(container, places, step, is_discarded=is_discarded))

    def _end(self, _: Any) -> None:
        frame = self.stack.pop()
        frame.places.marks = array("Q", frame.marks)
        parent = self.stack[-1] if self.stack else None
        if parent is not None and parent.key_is_complex:
            parent.key_is_complex, parent.skips = False, True

    # Values

    def _take_key(self, frame: _Frame, key: str, at: int) -> None:
        frame.key = key
        if key in frame.container:
            line, _ = unpacked(frame.marks[2 * list(frame.container).index(key)])
            self._fault(at, f"the key '{_short(key)}' is there already, on line {line}; leave one of them out")
            frame.skips = True
        elif len(self.stack) == 1 and len(frame.container) >= MOST_KEYS_AT_THE_TOP:
            self._fatal(at, f"more than {MOST_KEYS_AT_THE_TOP} keys; this is no scenario")
        elif not frame.skips:
            frame.marks.append(at)

    def _put(self, value: Any, at: int, places: Places | None = None) -> None:
        if not self.stack:
            self.document.value, self.document.root, self.document.root_position = value, places, at
            return
        frame = self.stack[-1]
        if frame.skips:
            frame.key, frame.skips = None, False
            return
        if len(frame.container) >= MOST_ENTRIES:
            self._refuse_many(frame, at)
        step = frame.step
        if places is not None:
            children = frame.places.children
            if children is None:
                children = frame.places.children = {}
            children[step] = places
        frame.marks.append(at)
        if frame.is_mapping:
            frame.container[step] = value
            frame.key = None
        else:
            frame.container.append(value)

    def _refuse_many(self, frame: _Frame, at: int) -> None:
        most = MOST_EMAILS if self._loc()[:-1] == ("emails",) else MOST_ENTRIES
        if len(frame.container) >= most:
            self._fatal(at, f"more than {most:,} entries in one mapping or list; this is no scenario")

    def _put_broken(self, at: int) -> None:
        self._note_broken()
        self._put(BROKEN, at)

    def _note_broken(self) -> None:
        """The present value cannot be read; below a faulty key nobody will look for it."""
        frame = self.stack[-1] if self.stack else None
        if frame is None or not (frame.skips or frame.is_discarded):
            self.document.broken.add(self._loc())

    # Faults

    def _refuse_properties(self, event: Any) -> None:
        if event.tag is not None:
            self._fault(_at(event), f"the tag '{_short(event.tag)}' is refused: write the value without it")
        if event.anchor is not None:
            self._fault(_at(event), f"the anchor '&{_short(event.anchor)}' is refused: write the value where it is needed")

    def _loc(self) -> Loc:
        """The path of what is read next; where a key is read, of its mapping."""
        if not self.stack:
            return ()
        steps = [frame.parent_step for frame in self.stack[1:]]
        frame = self.stack[-1]
        return tuple(steps) if frame.is_mapping and frame.key is None else (*steps, frame.step)

    def _fault(self, at: int, message: str) -> None:
        line, column = unpacked(at)
        self.document.faults.append(TextFault(line, column, self._loc(), message))
        if len(self.document.faults) >= MOST_FAULTS:
            self.document.faults.append(TextFault(line, column, (), f"more than {MOST_FAULTS:,} faults; nothing is read from here on"))
            raise _Stop

    def _fatal(self, at: int, message: str) -> None:
        line, column = unpacked(at)
        self.document.faults.append(TextFault(line, column, (), message))
        raise _Stop

    def _syntax(self, error: yaml.YAMLError) -> None:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
        context = getattr(error, "context", None)
        problem = str(problem).replace(
            "found character that cannot start any token", "found a tab or another character that cannot begin a value"
        )
        message = f"{context}, {problem}" if context else problem
        self.document.faults.append(TextFault(line, column, (), f"this is no YAML: {message}"))


def _at(event: Any) -> int:
    mark = event.start_mark
    return int(mark.line << LINE | mark.column)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"


def _events(text: str) -> Iterator[Any]:
    """The events of libyaml, or of PyYAML's own parser where there is none; the same but for their speed."""
    return yaml.parse(text, Loader=yaml.CLoader if yaml.__with_libyaml__ else yaml.Loader)


def _without_old_breaks(text: str) -> tuple[str, dict[int, str] | None]:
    """The text with a stand-in for each line break that is none in YAML 1.2, and how to turn the stand-ins back."""
    found = [character for character in _OLD_BREAKS if character in text]
    if not found:
        return text, None
    free = (chr(code) for code in _PRIVATE_USE if chr(code) not in text)
    stand_ins: dict[str, str | int | None] = dict(zip(found, free, strict=False))
    return text.translate(str.maketrans(stand_ins)), {ord(str(stand_in)): old for old, stand_in in stand_ins.items()}

"""Reads ``*.lesson.yaml`` files: a scenario's name, and titles, texts, hints and checks of its tasks, every fault with its place.

.. code-block:: yaml

    lesson: 1
    scenario: connector-outage.outbox.yaml        # beside this file
    user: greta                                   # who is logged in at first
    title: {en: The connector is down, de: Der Connector ist ausgefallen}     # or one text for all languages
    introduction: …
    tasks:
      - title: …
        text: …
        hint: …
        after: "09:40"                            # a moment before which it cannot be done
        expect:                                   # as in scenario files, and `now`
          - {at: now, outbox: {as: greta, view: team, count: 0}}
        holds:                                    # questions of outboxsim.checks.questions; all of them
          retried_all: {by: greta, view: team}
    notes: …                                      # for the trainer
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from outboxsim.checks.questions import QUESTIONS, Question, misfit
from outboxsim.checks.tasks import Done, Holds, Task, Text, worst
from outboxsim.errors import Fault, QuantityError, ScenarioInvalid
from outboxsim.scenario import Scenario, Source, loads
from outboxsim.scenario.flaws import Flaw, file_faults
from outboxsim.scenario.places import Loc
from outboxsim.scenario.words import shown
from outboxsim.scenario.yaml_events import read_yaml

if TYPE_CHECKING:
    from outboxsim.analysis import Result

#: The keys of a lesson and of a task.
LESSON_KEYS: Final = ("lesson", "scenario", "title", "introduction", "notes", "user", "tasks")
TASK_KEYS: Final = ("title", "text", "hint", "after", "expect", "holds")

#: The languages of a text.
LANGUAGES: Final = ("en", "de")

#: What an argument of a question names, and where the scenario says which there are.
_NAMES: Final = {"by": "users", "connector": "connectors"}
_MOMENTS: Final = ("since", "until", "stuck_since", "stuck_until")


def read_lesson(path: str | PathLike[str]) -> dict[str, Any]:
    """What `Lesson` takes, from a lesson file.

    Raises
    ------
    ScenarioInvalid
        With every fault of the file, or of its scenario.
    OSError
        If one of them cannot be read.
    """
    file = fspath(path)
    document = read_yaml(_text(Path(path)))
    source = Source(file, document.root, document.root_position)
    if document.faults or not isinstance(document.value, dict):
        faults = [Fault(file, fault.line, fault.column, "", fault.message) for fault in document.faults]
        raise ScenarioInvalid(faults or [Fault(file, 1, 1, "", "is no lesson; write `lesson: 1`, `scenario`, `title` and `tasks`")])
    reader = _Reader(document.value)
    scenario = reader.scenario(Path(path).parent)
    lesson = {
        "scenario": scenario,
        "title": reader.text(("title",)),
        "introduction": reader.text(("introduction",)),
        "notes": reader.text(("notes",)),
        "user": reader.user(scenario),
        "tasks": reader.tasks(scenario),
        "source": source,
    }
    if reader.flaws:
        raise ScenarioInvalid(list(file_faults(reader.flaws, source)))
    return lesson


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScenarioInvalid([Fault(str(path), 1, 1, "", f"is no UTF-8 text: {error.reason} (byte {error.start})")]) from None


def without_expectations(text: str) -> str:
    """The text of a scenario file without ``expect``: those say what comes of it if nobody acts, and a class does."""
    document = read_yaml(text)
    if document.faults or not isinstance(document.value, dict) or "expect" not in document.value:
        return text
    source = Source("", document.root, document.root_position)
    begin, column = source.locate_key(("expect",))
    if column != 1:
        return text  # a file in one pair of brackets
    ends = [line for line, _ in (source.locate_key((key,)) for key in document.value) if line > begin]
    lines = text.splitlines(keepends=True)
    return "".join([*lines[: begin - 1], *lines[min(ends, default=len(lines) + 1) - 1 :]])


@dataclass(slots=True)
class _Reader:
    """Reads the values of a lesson file and notes what is wrong with them."""

    value: Mapping[str, Any]
    flaws: list[Flaw] = field(default_factory=list)

    def wrong(self, loc: Loc, message: str, *, of_key: bool = False) -> None:
        """Note a flaw."""
        self.flaws.append(Flaw(loc, message, of_key))

    def keys(self, value: Mapping[str, Any], allowed: tuple[str, ...], loc: Loc) -> None:
        """No others."""
        for key in value:
            if key not in allowed:
                self.wrong((*loc, key), f"is no key here (possible: {', '.join(allowed)})", of_key=True)

    def scenario(self, folder: Path) -> Scenario:
        """The scenario beside the file; nothing else makes sense without it."""
        self.keys(self.value, LESSON_KEYS, ())
        if self.value.get("lesson") != 1:
            self.wrong(("lesson",), "write `lesson: 1`, the version of the format")
        for key in ("scenario", "title", "tasks"):
            if key not in self.value:
                self.wrong((key,), "is missing")
        name = self.value.get("scenario")
        if not isinstance(name, str) or name != Path(name).name:
            raise ScenarioInvalid([Fault(str(folder), 1, 1, "scenario", f"{shown(name)} is no file beside the lesson")])
        return loads(without_expectations(_text(folder / name)), file=str(folder / name), folder=folder)

    def text(self, loc: Loc) -> Text:
        """A text, or one for each language; empty if it is left out."""
        value = _at(self.value, loc)
        if isinstance(value, str):
            return value
        if isinstance(value, Mapping) and value and all(isinstance(one, str) for one in value.values()):
            self.keys(value, LANGUAGES, loc)
            return {str(language): one.strip() for language, one in value.items()}
        if value is not None:
            self.wrong(loc, f"{shown(value)} is no text; write one, or one for each language: {{en: …, de: …}}")
        return ""

    def user(self, scenario: Scenario) -> str | None:
        """Who is logged in at first."""
        user = self.value.get("user")
        if user is not None and user not in scenario.users:
            self.wrong(("user",), f"{shown(user)} is no user of the scenario (known: {', '.join(scenario.users)})")
        return user

    def tasks(self, scenario: Scenario) -> list[Task]:
        """The tasks."""
        tasks = self.value.get("tasks", [])
        if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
            self.wrong(("tasks",), f"{shown(tasks)} is no list of tasks, each with a `title` and `expect`, `holds` or both")
            return []
        return [self._task(task, ("tasks", number), scenario) for number, task in enumerate(tasks)]

    def _task(self, task: Mapping[str, Any], loc: Loc, scenario: Scenario) -> Task:
        self.keys(task, TASK_KEYS, loc)
        if not task.get("title"):
            self.wrong((*loc, "title"), "is missing")
        if not task.get("expect") and not task.get("holds"):
            self.wrong(loc, "nothing tells that it is done; write `expect`, `holds` or both")
        return Task(
            title=self.text((*loc, "title")),
            text=self.text((*loc, "text")),
            hint=self.text((*loc, "hint")),
            expect=self._expect(task, (*loc, "expect")),
            holds=self._holds(task, (*loc, "holds"), scenario),
            after=self._moment(task.get("after", "start"), (*loc, "after"), scenario),
        )

    def _expect(self, task: Mapping[str, Any], loc: Loc) -> list[Mapping[str, Any]]:
        """Expectations, not yet looked into: `Lesson` does that, with the scenario."""
        expect = task.get("expect", [])
        if not isinstance(expect, list) or not all(isinstance(one, dict) for one in expect):
            self.wrong(loc, f"{shown(expect)} is no list of expectations")
            return []
        for number, one in enumerate(expect):
            if "over" in one:
                self.wrong((*loc, number, "over"), "a lesson is judged on one run; leave it out", of_key=True)
        return expect

    def _holds(self, task: Mapping[str, Any], loc: Loc, scenario: Scenario) -> Holds | None:
        holds = task.get("holds")
        if holds is None:
            return None
        if not isinstance(holds, dict) or not all(isinstance(arguments, dict) for arguments in holds.values()):
            self.wrong(loc, f"{shown(holds)} asks nothing; write a question and its arguments: has_done: {{action: retry, by: greta}}")
            return None
        asked = []
        for name, arguments in holds.items():
            question = QUESTIONS.get(name)
            if question is None:
                self.wrong((*loc, name), f"is no question (there are: {', '.join(QUESTIONS)})", of_key=True)
                continue
            reason = misfit(question, arguments)
            if reason is not None:
                self.wrong((*loc, name), reason)
                continue
            self._arguments(arguments, (*loc, name), scenario)
            asked.append(_Asked(question, arguments))
        return _All(tuple(asked))

    def _arguments(self, arguments: Mapping[str, Any], loc: Loc, scenario: Scenario) -> None:
        for argument, value in arguments.items():
            if argument in _MOMENTS:
                self._moment(value, (*loc, argument), scenario)
            elif argument in _NAMES and value not in getattr(scenario, _NAMES[argument]):
                known = ", ".join(getattr(scenario, _NAMES[argument]))
                self.wrong((*loc, argument), f"{shown(value)} is none of the scenario's {_NAMES[argument]} (known: {known})")

    def _moment(self, value: Any, loc: Loc, scenario: Scenario) -> str:
        try:
            scenario.clock.moment(value, horizon=scenario.horizon)
        except (QuantityError, TypeError, AttributeError) as error:
            self.wrong(loc, str(error) if isinstance(error, QuantityError) else f"{shown(value)} is no moment; write for example '09:30'")
            return "start"
        return str(value)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question with its arguments; once `until` has passed, a no stays one."""

    question: Question
    arguments: Mapping[str, Any]

    def __call__(self, result: Result) -> Done:
        if self.question(result, **self.arguments):
            return Done.YES
        until = self.arguments.get("until")
        is_over = until is not None and result.clock.moment(until, horizon=result.horizon) <= result.horizon
        return Done.NO if is_over else Done.NOT_YET


@dataclass(frozen=True, slots=True)
class _All:
    """Several questions: the worst answer counts."""

    asked: tuple[_Asked, ...]

    def __call__(self, result: Result) -> Done:
        return worst(one(result) for one in self.asked)


def _at(value: Any, loc: Loc) -> Any:
    """What stands at a path; None if there is nothing."""
    for step in loc:
        value = value.get(step) if isinstance(value, Mapping) else value[step]
    return value

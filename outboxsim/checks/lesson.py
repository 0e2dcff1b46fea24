"""Lessons: what a class is asked to do on the outbox page, and checks that it does not see, which say whether it is done.

The checks are the expectations of scenario files, judged on the run so far (``at: now`` among them), and for who did what the
questions of `outboxsim.checks.questions`.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, overload

from outboxsim.checks.tasks import Check, Done, Task, Text

if TYPE_CHECKING:
    from outboxsim.analysis import Result
    from outboxsim.engine import Simulation
    from outboxsim.scenario import Scenario, Source
    from outboxsim.widgets.app import OutboxApp
    from outboxsim.widgets.session import Session
    from outboxsim.widgets.training.drawing import Mark

__all__ = ["Done", "Lesson", "LessonReport", "Notes", "Task", "TaskReport"]


@dataclass(frozen=True, slots=True)
class TaskReport:
    """How a task stands.

    Attributes
    ----------
    title
        In the lesson's language.
    done
        Whether it is done.
    hint
        What helps; empty if it is done.
    """

    title: str
    done: Done
    hint: str = ""


class LessonReport(Sequence[TaskReport]):
    """How the tasks of a lesson stand; a notebook shows it as a list."""

    def __init__(self, reports: Sequence[TaskReport], language: str) -> None:
        self._reports = tuple(reports)
        self._language = language

    @overload
    def __getitem__(self, index: int) -> TaskReport: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[TaskReport]: ...
    def __getitem__(self, index: int | slice) -> TaskReport | Sequence[TaskReport]:
        return self._reports[index]

    def __len__(self) -> int:
        return len(self._reports)

    @property
    def all_done(self) -> bool:
        """Whether every task is done."""
        return all(report.done is Done.YES for report in self._reports)

    def _marks(self) -> list[Mark]:
        return [(report.done.value, report.title, report.hint) for report in self._reports]

    def __repr__(self) -> str:
        from outboxsim.widgets.training.drawing import report_text  # noqa: PLC0415 - judging needs no words of the page

        return report_text(self._marks(), self._language)

    def _repr_html_(self) -> str:
        from outboxsim.widgets.training.drawing import report_html  # noqa: PLC0415

        return report_html(self._marks(), self._language)


class Lesson:
    """A training scenario and its tasks.

    Parameters
    ----------
    scenario
        What the class works on.
    title, introduction
        What the class reads first.
    tasks
        What it is asked to do.
    notes
        For the trainer: how it is done, what to point out.
    user
        Who is logged in at first.
    language
        ``en`` or ``de``: the language of everything that is shown.
    source
        The file in which the tasks stand, for the places of faults.

    Raises
    ------
    ScenarioInvalid
        If a task expects what cannot be expected of the scenario; it holds every fault.

    Examples
    --------
    >>> lesson = Lesson.open("connector-outage", language="de")  # doctest: +SKIP
    >>> page = lesson.page()  # doctest: +SKIP
    >>> lesson.judge(page)  # doctest: +SKIP
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        title: Text,
        tasks: Sequence[Task],
        introduction: Text = "",
        notes: Text = "",
        user: str | None = None,
        language: str = "en",
        source: Source | None = None,
    ) -> None:
        self.scenario = scenario
        self.language = language
        self.user = user
        self._title, self._introduction, self._notes = title, introduction, notes
        self._tasks = tuple(tasks)
        self._checks = tuple(Check.of(scenario, task, number, source) for number, task in enumerate(self._tasks))

    @classmethod
    def open(cls, name: str, *, language: str = "en") -> Self:
        """A lesson that comes with outboxsim; raises `KeyError` if there is none of that name.

        Parameters
        ----------
        name
            ``demo-day``, ``connector-outage`` or ``undo-and-schedule``.
        language
            ``en`` or ``de``.
        """
        from outboxsim.widgets import training  # noqa: PLC0415

        return cls.load(training.lesson_path(name), language=language)

    @classmethod
    def load(cls, path: str | PathLike[str], *, language: str = "en") -> Self:
        """A lesson from a ``*.lesson.yaml`` file, whose scenario stands beside it.

        Raises
        ------
        ScenarioInvalid
            If the file or its scenario is invalid; it holds every fault with line and column.
        OSError
            If one of them cannot be read.
        """
        from outboxsim.checks.lesson_file import read_lesson  # noqa: PLC0415 - which itself needs `Task`

        return cls(**read_lesson(path), language=language)

    def page(self, user: str | None = None, *, preferences: str | PathLike[str] | None = None, **options: Any) -> OutboxApp:
        """The outbox page on this lesson's scenario.

        Parameters
        ----------
        user
            Who is logged in at first; left out: as the lesson says.
        preferences
            The file that keeps what its users choose. Left out: they are kept as long as the page, so that each class begins
            with the undo windows and columns of the scenario.
        options
            What else `outboxsim.OutboxApp` takes.
        """
        from outboxsim.widgets.app import OutboxApp  # noqa: PLC0415 - judging needs no widgets

        kept = Path(preferences) if preferences is not None else Path(tempfile.mkdtemp(prefix="outboxsim-")) / "preferences.json"
        page = OutboxApp(self.scenario, user=user or self.user, language=self.language, preferences=kept, **options)
        if preferences is None:
            weakref.finalize(page, shutil.rmtree, kept.parent, ignore_errors=True)
        return page

    # What the class reads

    @property
    def title(self) -> str:
        """The title, in the lesson's language."""
        return said(self._title, self.language)

    @property
    def introduction(self) -> str:
        """What has happened and what it is about."""
        return said(self._introduction, self.language)

    @property
    def tasks(self) -> list[tuple[str, str]]:
        """Title and text of each task."""
        return [(said(task.title, self.language), said(task.text, self.language)) for task in self._tasks]

    @property
    def notes(self) -> Notes:
        """For the trainer; a notebook shows it."""
        return Notes(said(self._notes, self.language))

    def __repr__(self) -> str:
        from outboxsim.widgets.training.drawing import lesson_text  # noqa: PLC0415

        return lesson_text(self.title, self.introduction, self.tasks)

    def _repr_html_(self) -> str:
        from outboxsim.widgets.training.drawing import lesson_html  # noqa: PLC0415

        return lesson_html(self.title, self.introduction, self.tasks)

    # Judging

    def judge(self, run: Result | Simulation | Session | OutboxApp) -> LessonReport:
        """How the tasks stand by now.

        Parameters
        ----------
        run
            The page, its session, a simulation or its result, of this lesson's scenario.
        """
        result = result_of(run)
        reports = []
        for task, check in zip(self._tasks, self._checks, strict=True):
            done = check.judged(result)
            hint = "" if done is Done.YES else said(task.hint, self.language)
            reports.append(TaskReport(said(task.title, self.language), done, hint))
        return LessonReport(reports, self.language)

    def export(self, page: OutboxApp | Session) -> str:
        """What a class did as a scenario file that replays it, so that a lesson becomes a test.

        It expects what the tasks that are done expect; what they ask beyond that (who did it) is in its timeline.

        Raises
        ------
        NotExportable
            If no file can say what was done; the message says why.
        """
        session: Session = getattr(page, "session", page)
        result = result_of(page)
        expect = [
            {"name": said(task.title, self.language), **expectation}
            for task, check in zip(self._tasks, self._checks, strict=True)
            if check.judged(result) is Done.YES
            for expectation in check.settled(result)
        ]
        return session.export(name=self.title, expect=expect)


class Notes(str):
    """A trainer's notes."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        from outboxsim.widgets.training.drawing import paragraphs  # noqa: PLC0415

        return paragraphs(self)


def said(text: Text, language: str) -> str:
    """A text in a language; in English if that lacks."""
    return text if isinstance(text, str) else text.get(language, text.get("en", ""))


def result_of(run: Result | Simulation | Session | OutboxApp) -> Result:
    """The result up to now of whatever runs."""
    for step in ("session", "simulation", "result"):
        run = getattr(run, step, run)
    return run  # type: ignore[return-value]

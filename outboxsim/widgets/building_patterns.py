"""Builder's forms of retry patterns and maximal attempts, of a connector or of all (spec/outbox.md B1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from outboxsim.engine.glance import connectors_now, settings_now
from outboxsim.errors import ScenarioInvalid
from outboxsim.retry import RetryPattern
from outboxsim.widgets.desktop import Desktop, Handler, Malformed, Message
from outboxsim.widgets.pattern_choice import Misread, Sketches, names_of_patterns, raw_pattern, text_of_pattern
from outboxsim.widgets.screens.builder_forms import AS_FOR_ALL, OWN, PatternForm

if TYPE_CHECKING:
    from outboxsim.widgets.builder_changes import Changes
    from outboxsim.widgets.builder_words import BuilderWords


@dataclass(frozen=True, slots=True)
class _Filled:
    """What a form holds that was not applied yet."""

    chosen: str
    own: str
    limit: str


class Patterns:
    """The forms; each is known by its connector, that of all connectors by an empty text.

    Parameters
    ----------
    desktop
        The page.
    changes
        Makes the changes.
    """

    def __init__(self, desktop: Desktop, changes: Changes) -> None:
        self._desktop = desktop
        self._changes = changes
        self._filled: dict[str, _Filled] = {}
        self._own: dict[str, str] = {}  # the text that was last applied
        self._sketches = Sketches(desktop.refresh)

    def handlers(self) -> Mapping[str, Handler]:
        """What is done about which gesture."""
        return {"builder.pattern": self._apply, "builder.preview": self._preview}

    def forget(self) -> None:
        """Other forms are shown: nothing is filled in, no schedule drawn."""
        self._filled.clear()
        self._sketches.forget()

    # Reading

    def _read(self, message: Message) -> str:
        """Keep what the form holds; which one it is."""
        form = message.text()
        scenario = self._desktop.session.scenario
        if form and form not in scenario.connectors:
            raise Malformed(f"there is no connector {form!r}")
        chosen = message.entry("pattern", AS_FOR_ALL)
        if chosen not in {OWN, *([AS_FOR_ALL] if form else []), *names_of_patterns(scenario)}:
            raise Malformed(f"{chosen!r} is no retry pattern")
        self._filled[form] = _Filled(chosen, message.entry("own"), message.entry("limit").strip())
        return form

    def _pattern(self, filled: _Filled, errors: dict[str, str]) -> tuple[Any, RetryPattern | None]:
        """The chosen pattern as a setting, and what it is; None for as all connectors."""
        if filled.chosen == AS_FOR_ALL:
            return None, None
        try:
            raw = raw_pattern(filled.own) if filled.chosen == OWN else filled.chosen
            return raw, self._changes.read({"retry": raw}).retry
        except (Misread, ScenarioInvalid) as problem:
            errors["retry"] = self._changes.told(problem)
            return None, None

    def _limit(self, filled: _Filled, errors: dict[str, str]) -> int | None:
        text = filled.limit
        if not text:
            return None
        if text.isascii() and text.isdigit() and len(text) <= 6 and int(text) > 0:
            return int(text)
        errors["attempt_limit"] = self._desktop.words("This is no whole number from 1 on")
        return None

    # What is so now

    def _present(self, form: str) -> tuple[RetryPattern | None, int | None]:
        """The form's pattern and limit in force; None of a connector that has none of its own."""
        simulation = self._desktop.session.simulation
        if form:
            now = next(one for one in connectors_now(simulation) if one.name == form)
            return now.own_retry, now.own_attempt_limit
        common = settings_now(simulation)
        return common.retry, common.attempt_limit

    def _choice_of(self, pattern: RetryPattern | None) -> str:
        """The choice that means a pattern."""
        if pattern is None:
            return AS_FOR_ALL
        return pattern.name if names_of_patterns(self._desktop.session.scenario).get(pattern.name) == pattern else OWN

    # Gestures

    def _apply(self, message: Message) -> None:
        form = self._read(message)
        filled = self._filled[form]
        errors: dict[str, str] = {}
        raw, _ = self._pattern(filled, errors)
        limit = self._limit(filled, errors)
        pattern_now, limit_now = self._present(form)
        settings: dict[str, Any] = {}
        if filled.chosen == OWN or filled.chosen != self._choice_of(pattern_now):  # a text of one's own is applied in any case
            settings["retry"] = raw
        if limit != limit_now:
            settings["attempt_limit"] = limit
        whole = {"connectors": {form: settings}} if form and settings else settings
        if self._changes.apply(f"pattern {form}", whole, errors, last="retry"):
            self._own[form] = filled.own
            del self._filled[form]

    def _preview(self, message: Message) -> None:
        form, words = self._read(message), self._desktop.words
        filled = self._filled[form]
        errors: dict[str, str] = {}
        _, pattern = self._pattern(filled, errors)
        limit = self._limit(filled, errors)
        common = settings_now(self._desktop.session.simulation)
        if self._changes.is_wrong(f"pattern {form}", errors):
            return
        pattern = common.retry if pattern is None else pattern
        title = pattern.name or (filled.own.strip() if filled.chosen == OWN else words("as for all connectors"))
        self._sketches.ask(form, pattern, limit or common.attempt_limit, title, words)

    # Screen

    def form(self, form: str, texts: BuilderWords) -> PatternForm:
        """The form of a connector, or of all."""
        pattern, limit = self._present(form)
        scenario = self._desktop.session.scenario
        own = self._own.get(form) or (text_of_pattern(pattern) if pattern is not None and not pattern.name else None) or ""
        present = _Filled(self._choice_of(pattern), own, "" if limit is None else str(limit))
        filled = self._filled.get(form, present)
        return PatternForm(
            connector=form,
            names=list(names_of_patterns(scenario)),
            chosen=filled.chosen,
            own=filled.own,
            limit=filled.limit,
            present=texts.pattern(pattern),
            errors=self._changes.errors(f"pattern {form}"),
            preview=self._sketches.preview(form, self._desktop.words),
        )

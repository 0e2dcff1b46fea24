"""Changing settings from Builder's forms: as the user, with what is wrong said beside its field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from outboxsim.errors import ScenarioInvalid
from outboxsim.widgets.pattern_choice import Misread, faults_of

if TYPE_CHECKING:
    from outboxsim.scenario import Settings
    from outboxsim.widgets.desktop import Desktop


class Changes:
    """What was found wrong in the forms, by form and field, and what is changed.

    Parameters
    ----------
    desktop
        The page.
    """

    def __init__(self, desktop: Desktop) -> None:
        self._desktop = desktop
        self._errors: dict[str, dict[str, str]] = {}

    def errors(self, form: str) -> Mapping[str, str]:
        """What is wrong in a form, by field."""
        return self._errors.get(form, {})

    def forget(self) -> None:
        """Nothing is wrong any more: other forms are shown."""
        self._errors.clear()

    def act(self, verb: str, *targets: Any, **arguments: Any) -> None:
        """Do something as the user."""
        self._desktop.session.act(verb, *targets, by=self._desktop.user, **arguments)

    def is_wrong(self, form: str, errors: dict[str, str]) -> bool:
        """Keep what is wrong beside the fields of a form, and say so; whether anything is."""
        self._errors[form] = errors
        if errors:
            self._desktop.announce("; ".join(errors.values()), kind="error")
        return bool(errors)

    def read(self, settings: Mapping[str, Any]) -> Settings:
        """Settings as `set` in a timeline writes them; raises `ScenarioInvalid`."""
        return self._desktop.session.scenario.settings(settings)

    def told(self, problem: Misread | ScenarioInvalid) -> str:
        """What is wrong with a field; the reasons of scenario files are in English."""
        text = faults_of(problem) if isinstance(problem, ScenarioInvalid) else str(problem)
        return text or self._desktop.words("This is empty; write something")

    def apply(self, form: str, settings: Mapping[str, Any], errors: dict[str, str], *, last: str) -> bool:
        """Make a change, unless something is wrong with it; `last` is the field beside which to say what only the whole shows."""
        desktop, words = self._desktop, self._desktop.words
        if self.is_wrong(form, errors):
            return False
        if not settings:
            desktop.announce(words("Nothing was changed"))
            return False
        try:
            self.act("change", settings)
        except (ScenarioInvalid, ValueError) as problem:
            if desktop.session.elapsed >= desktop.session.horizon:
                raise  # the run is over: no field is wrong
            self.is_wrong(form, {last: faults_of(problem) if isinstance(problem, ScenarioInvalid) else str(problem)})
            return False
        desktop.announce(words("The change is made; it holds from now on"))
        return True

"""A variant of a scenario: another retry pattern, or other outages, failures and load. The random numbers stay the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from outboxsim.analysis.digests import digest

if TYPE_CHECKING:
    from outboxsim.analysis.stress import Stress
    from outboxsim.retry import RetryPattern
    from outboxsim.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Variant:
    """What is changed in a scenario; None leaves it as it is.

    Attributes
    ----------
    pattern
        The scenario's retry pattern. Connectors that have one of their own keep it.
    stress
        How much longer outages are, how many more attempts fail, how many more emails come.
    """

    pattern: RetryPattern | None = None
    stress: Stress | None = None

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that say which variant it is, the same in every process; the pattern's name does not matter."""
        return digest((self.pattern, self.stress), 12)

    def applied(self, scenario: Scenario) -> Scenario:
        """The scenario with the changes."""
        changed = scenario if self.stress is None else self.stress.applied(scenario)
        return changed if self.pattern is None else changed.replace(retry=self.pattern)


#: The scenario as it is.
AS_IT_IS: Final = Variant()

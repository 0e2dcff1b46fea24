"""The same world under more or less stress: longer outages, more failures, more emails. For the sensitivity of a choice."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from outboxsim.quantities import LONGEST, RandomDuration
from outboxsim.scenario.timeline import OutageEntry
from outboxsim.scenario.traffic import Batch, Every, Hourly, Poisson

if TYPE_CHECKING:
    from outboxsim.scenario import Scenario
    from outboxsim.scenario.connectors import Connector
    from outboxsim.scenario.emails import Email
    from outboxsim.scenario.traffic import Traffic


@dataclass(frozen=True, slots=True)
class Stress:
    """Factors; 1 leaves things as they are.

    Attributes
    ----------
    outage_length
        Every outage lasts so many times as long: those of connectors and of the timeline, and the times down of breakdowns. One that
        never ends still does not.
    failures
        The share of transient failures of every connector, at most what permanent ones leave; what the timeline sets is not touched.
    load
        So many times as many emails: rates, batches and limits of traffic. Of emails that are listed one by one, evenly spaced ones come
        again at the same instants or stay away; those that the timeline names stay.
    """

    outage_length: float = 1.0
    failures: float = 1.0
    load: float = 1.0

    def applied(self, scenario: Scenario) -> Scenario:
        """The scenario under this stress."""
        return scenario.model_copy(
            update={
                "connectors": {name: self._connector(connector) for name, connector in scenario.connectors.items()},
                "timeline": tuple(self._entry(entry) for entry in scenario.timeline),
                "traffic": tuple(self._traffic(traffic) for traffic in scenario.traffic),
                "emails": tuple(self._emails(scenario)),
            }
        )

    def _connector(self, connector: Connector) -> Connector:
        update: dict[str, Any] = {"outages": tuple(self._outage(outage, outage.from_) for outage in connector.outages)}
        if connector.breakdowns is not None:
            down = _longer(connector.breakdowns.down, self.outage_length)
            update["breakdowns"] = connector.breakdowns.model_copy(update={"down": down})
        transient = connector.transient_failure
        probability = min(transient.probability * self.failures, 1 - connector.permanent_failure.probability)
        update["transient_failure"] = transient.model_copy(update={"probability": probability})
        return connector.model_copy(update=update)

    def _outage(self, outage: Any, begin: int) -> Any:
        if outage.until is None:
            return outage
        return outage.model_copy(update={"until": begin + max(1, round((outage.until - begin) * self.outage_length)), "for_": None})

    def _entry(self, entry: Any) -> Any:
        return self._outage(entry, entry.at) if isinstance(entry, OutageEntry) else entry

    def _traffic(self, traffic: Traffic) -> Traffic:
        if self.load == 1:
            return traffic
        update: dict[str, Any] = {"arrivals": self._arrivals(traffic.arrivals)}
        if traffic.limit is not None:
            update["limit"] = max(1, round(traffic.limit * self.load))
        return traffic.model_copy(update=update)

    def _arrivals(self, arrivals: Any) -> Any:
        match arrivals:
            case Poisson():
                return arrivals.model_copy(update={"rate": dataclasses.replace(arrivals.rate, count=arrivals.rate.count * self.load)})
            case Every():
                return arrivals.model_copy(update={"interval": max(1, round(arrivals.interval / self.load))})
            case Hourly():
                return arrivals.model_copy(update={"rates": tuple(rate * self.load for rate in arrivals.rates)})
            case Batch():
                return arrivals.model_copy(update={"count": max(1, round(arrivals.count * self.load))})
        raise AssertionError(arrivals)

    def _emails(self, scenario: Scenario) -> Iterator[Email]:
        """Each listed email as often as the load wants; ⌊(i + 1) f⌋ - ⌊i f⌋ spaces what is more, or missing, evenly."""
        named = repr(scenario.timeline) if self.load < 1 else ""
        for place, email in enumerate(scenario.emails):
            times = math.floor((place + 1) * self.load) - math.floor(place * self.load)
            if times or repr(email.id) in named:
                yield email
            for again in range(1, times):
                yield _again(email, f"{email.id}-again-{again}")


def _again(email: Email, email_id: str) -> Email:
    """The same email under another id. Making a new one would read its values as a file's, which they are no more."""
    again = copy.copy(email)
    object.__setattr__(again, "id", email_id)
    return again


def _longer(duration: RandomDuration, factor: float) -> RandomDuration:
    """A random duration `factor` times as long; its shape stays."""
    scaled: dict[str, Any] = {}
    for part in dataclasses.fields(duration):
        value = getattr(duration, part.name)
        if isinstance(value, tuple):
            scaled[part.name] = tuple(min(LONGEST, round(one * factor)) for one in value)
        elif part.name != "shape":
            scaled[part.name] = min(LONGEST, max(min(1, value), round(value * factor)))
    return dataclasses.replace(duration, **scaled)

"""What only the whole file can say: names given twice, routes that lead nowhere, shares that add up over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from outboxsim.scenario.failures import share_of
from outboxsim.scenario.flaws import Flaw
from outboxsim.scenario.scope import ANYTHING, SENDING_VERBS, Scope
from outboxsim.scenario.submissions import flaws_of_submitted
from outboxsim.scenario.words import listed, shown


def flaws_of_whole(raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:
    """Every such flaw; takes any values, for it runs beside the reading of each."""
    yield from _traffic_twice(raw)
    yield from _addresses_twice(raw)
    yield from _two_defaults(raw)
    yield from _no_default(raw, scope)
    yield from _shares_over_time(raw, scope)
    yield from flaws_of_submitted(raw, scope)


def _traffic_twice(raw: Mapping[str, Any]) -> Iterator[Flaw]:
    first: dict[str, int] = {}
    for number, traffic in _entries(raw, "traffic"):
        name = traffic.get("name")
        if isinstance(name, str):
            if name in first:
                yield Flaw(("traffic", number, "name"), f"{shown(name)} is the name of traffic[{first[name]}] already; names are unique")
            first.setdefault(name, number)


def _addresses_twice(raw: Mapping[str, Any]) -> Iterator[Flaw]:
    first: dict[str, str] = {}
    for name, connector in _mapping(raw, "connectors").items():
        addresses = connector.get("addresses") if isinstance(connector, Mapping) else None
        for number, address in enumerate(addresses if isinstance(addresses, list) else ()):
            if isinstance(address, str):
                if address in first:
                    message = (
                        f"{shown(address)} is an address of connector {shown(first[address])} already; each goes to one connector (C2)"
                    )
                    yield Flaw(("connectors", name, "addresses", number), message)
                first.setdefault(address, name)


def _two_defaults(raw: Mapping[str, Any]) -> Iterator[Flaw]:
    connectors = _mapping(raw, "connectors").items()
    defaults = [name for name, connector in connectors if isinstance(connector, Mapping) and connector.get("default") is True]
    for name in defaults[1:]:
        yield Flaw(("connectors", name, "default"), f"{shown(defaults[0])} is the default already; only one connector is (C2)")


def _no_default(raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:
    if scope.default_connector is not None or scope.connectors is ANYTHING:
        return
    needy = [*scope.in_need_of_default, *_others_in_need(raw, scope)]
    if needy:
        wanted = f"it is needed by {listed(needy)}; write `default: true` for one, or say `via` (C2)"
        if scope.connectors:
            yield Flaw(("connectors",), f"no connector is the default, and {wanted}")
        elif "connectors" not in raw:
            yield Flaw(("connectors",), f"is missing; emails need a connector: {listed(needy)}")
        else:
            yield Flaw(("connectors",), f"there is no connector, and {wanted}")


def _others_in_need(raw: Mapping[str, Any], scope: Scope) -> Iterator[str]:
    """Traffic and entries of the timeline that need a default connector."""
    for _, traffic in _entries(raw, "traffic"):
        senders = traffic.get("from")
        names = senders if isinstance(senders, list) else [senders]
        addresses = [scope.user_addresses.get(name) for name in names if isinstance(name, str)]
        is_system = traffic.get("system") is True
        if traffic.get("via") is None and (is_system or any(address not in scope.addresses for address in addresses)):
            yield f"traffic {traffic.get('name')}"
    for number, entry in _entries(raw, "timeline"):
        for verb in SENDING_VERBS:
            if verb in entry:
                yield f"timeline[{number}].{verb}"
        email = entry.get("submit")
        if isinstance(email, Mapping) and _needs_default(email, entry.get("by"), scope):
            yield f"timeline[{number}].submit"


def _needs_default(email: Mapping[str, Any], sender: object, scope: Scope) -> bool:
    """Whether no connector takes a submitted email."""
    address = email.get("from_address")
    if address is None and isinstance(sender, str) and email.get("system") is not True:
        address = scope.user_addresses.get(sender)
    return email.get("via") is None and not (isinstance(address, str) and address.strip() in scope.addresses)


def _shares_over_time(raw: Mapping[str, Any], scope: Scope) -> Iterator[Flaw]:
    """What `set` makes of a connector's shares of failures, in the order in which it happens; entries to be refused change nothing."""
    shares = {
        name: {key: share_of(connector.get(key, 0)) for key in _FAILURES}
        for name, connector in _mapping(raw, "connectors").items()
        if isinstance(connector, Mapping)
    }
    entries = [
        (scope.try_moment(entry.get("at")), number, entry["set"])
        for number, entry in _entries(raw, "timeline")
        if "set" in entry and entry.get("refused") is None
    ]
    for _, number, settings in sorted((entry for entry in entries if entry[0] is not None), key=lambda entry: entry[:2]):
        for name, changes in _mapping(settings if isinstance(settings, Mapping) else {}, "connectors").items():
            if name in shares and isinstance(changes, Mapping):
                yield from _changed(shares[name], changes, ("timeline", number, "set", "connectors", name))


_FAILURES = ("transient_failure", "permanent_failure")


def _changed(shares: dict[str, float | None], changes: Mapping[str, Any], loc: tuple[str | int, ...]) -> Iterator[Flaw]:
    given = [key for key in _FAILURES if key in changes]
    for key in given:
        shares[key] = share_of(changes[key])
    transient, permanent = shares["transient_failure"], shares["permanent_failure"]
    if given and transient is not None and permanent is not None and transient + permanent > 1:
        message = (
            f"transient_failure ({transient:g}) and permanent_failure ({permanent:g}) are above 1 together from here on; lower one of them"
        )
        yield Flaw((*loc, given[-1]), message)


def _mapping(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key)
    return value if isinstance(value, Mapping) else {}


def _entries(raw: Mapping[str, Any], key: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    value = raw.get(key)
    return ((number, entry) for number, entry in enumerate(value if isinstance(value, list) else ()) if isinstance(entry, Mapping))

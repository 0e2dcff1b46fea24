"""The smallest stage for a scenario file: a sound base, snippets that replace its keys, and marks for where faults are told."""

from __future__ import annotations

import re

from outboxsim.errors import ScenarioInvalid
from outboxsim.scenario import Scenario, loads

BASE = {
    "outboxsim": "outboxsim: 1",
    "start": "start: 2026-03-02T09:00:00",
    "horizon": "horizon: 8 h",
    "teams": "teams: {payroll: {leaders: [greta], members: [lena, tom]}, billing: {members: [udo]}}",
    "users": "users: {cy: {admin: true}, lena: {address: lena@acme.example}}",
    "work_items": "work_items: {T-1: {type: ticket, team: payroll}, T-2: {type: case}}",
    "connectors": "connectors: {main: {}}",
    "emails": "emails:\n  - {id: m1, at: 5 min, from: lena, to: a@kunde.example}\n  - {id: m2, at: 6 min, from: tom, to: b@kunde.example}",
}

#: Stands in a text where a fault is expected.
MARK = "§"


def text_of(snippet: str, *, without: tuple[str, ...] = ()) -> str:
    """The base with the snippet's keys in place of its own."""
    given = re.findall(rf"^{MARK}?([a-z_]+):", snippet, re.MULTILINE)
    return "\n".join([*(lines for key, lines in BASE.items() if key not in given and key not in without), snippet, ""])


def scenario_of(snippet: str, **more: object) -> Scenario:
    """The scenario of the base and a snippet."""
    return loads(text_of(snippet), **more)  # type: ignore[arg-type]


def marks_in(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without its marks, and where they stood: line and column from 1."""
    places = []
    for number, line in enumerate(text.split("\n"), start=1):
        places += [(number, match.start() + 1 - before) for before, match in enumerate(re.finditer(MARK, line))]
    return text.replace(MARK, ""), places


def faults_of(text: str, **more: object) -> list[tuple[int, int, str, str]]:
    """Line, column, path and message of each fault of a text; none if it is sound."""
    try:
        loads(text, **more)  # type: ignore[arg-type]
    except ScenarioInvalid as invalid:
        return [(fault.line, fault.column, fault.path, fault.message) for fault in invalid.faults]
    return []


def faults_at_marks(snippet: str, *, without: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Path and message of each fault of base and snippet, which must stand exactly at the marks."""
    text, places = marks_in(text_of(snippet, without=without))
    faults = faults_of(text)
    told = [f"{line}:{column}: {path}: {message}" for line, column, path, message in faults]
    assert [(line, column) for line, column, _, _ in faults] == places, (places, told)
    return [(path, message) for _, _, path, message in faults]

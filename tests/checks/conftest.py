"""Small scenario files, judged."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from outboxsim.checks.runner import check_file

HEAD = """\
outboxsim: 1
name: Small
start: 2026-03-02T09:00:00
time_zone: Europe/Berlin
horizon: 8 h
users:
  cy: {admin: true, access: all}
  greta: {}
teams:
  payroll: {leaders: [greta], members: [lena, tom]}
connectors:
  main: {default: true}
retry: [1 min, 5 min]
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a scenario file: the common head, then what the test adds; the file's name."""
    monkeypatch.chdir(tmp_path)

    def write(rest, *, head=HEAD, name="small.outbox.yaml"):
        Path(name).write_text(head + textwrap.dedent(rest), encoding="utf-8")
        return name

    return write


@pytest.fixture
def judged(write):
    """The report of a scenario file: the common head, then what the test adds."""
    return lambda rest, **how: check_file(write(rest, **how))

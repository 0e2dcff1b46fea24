"""Every kind of fault: told once, at its line and column, with its path and what would be right."""

from __future__ import annotations

import pytest

from tests.scenario.cases import ALL
from tests.scenario.stage import faults_at_marks


@pytest.mark.parametrize(("snippet", "path", "part"), ALL, ids=[snippet.replace("\n", " | ")[:80] for snippet, _, _ in ALL])
def test_a_fault_is_told_at_its_place(snippet, path, part):
    [(told_path, message)] = faults_at_marks(snippet)
    assert told_path == path
    assert part in message

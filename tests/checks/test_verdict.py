"""Exit codes and outcomes: the worst decides (spec/scenario.md section 4)."""

from __future__ import annotations

import itertools

import pytest

from outboxsim.checks.verdict import EXIT_CODES, SEVERITY, Outcome, Verdict, worst, worst_outcome


def verdict(outcome):
    return Verdict("outbox.count", 1, 1, outcome, "", "", None, None, "")


def test_the_order_of_exit_codes_is_the_specifications():
    assert SEVERITY == (2, 70, 3, 1, 4, 5, 0)
    assert {str(outcome): code for outcome, code in EXIT_CODES.items()} == {
        "passed": 0,
        "failed": 1,
        "invalid": 3,
        "inconclusive": 4,
        "error": 70,
    }


@pytest.mark.parametrize(("worse", "better"), list(itertools.combinations(SEVERITY, 2)))
def test_the_worse_code_decides(worse, better):
    assert worst([better, worse, better]) == worse


def test_nothing_wrong_is_0():
    assert worst([]) == 0


@pytest.mark.parametrize(
    ("outcomes", "whole"),
    [
        ([], "passed"),
        (["passed", "passed"], "passed"),
        (["passed", "inconclusive"], "inconclusive"),
        (["inconclusive", "failed", "passed"], "failed"),
    ],
)
def test_a_file_comes_out_as_its_worst_expectation(outcomes, whole):
    assert worst_outcome(verdict(Outcome(outcome)) for outcome in outcomes) == whole

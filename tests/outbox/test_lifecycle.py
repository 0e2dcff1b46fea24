"""The transition table of spec/outbox.md section 3, row by row."""

from __future__ import annotations

import itertools

import pytest

from outboxsim.outbox import TRANSITIONS, Action, Happening, NotPossible, Reason, SendStatus, Standing, next_status, refusal, refusal_text

QUEUED, PENDING_RETRY, CONNECTOR_DISABLED, FAILED, SENT, CANCELLED = SendStatus

#: The rows of the specification, written a second time by hand: (status, happening, status after).
ROWS = [
    (QUEUED, Happening.SEND_NOW, QUEUED),
    (QUEUED, Happening.UNDO, CANCELLED),
    (QUEUED, Happening.CANCEL, CANCELLED),
    (PENDING_RETRY, Happening.CANCEL, CANCELLED),
    (CONNECTOR_DISABLED, Happening.CANCEL, CANCELLED),
    (FAILED, Happening.CANCEL, CANCELLED),
    (QUEUED, Happening.MET_DISABLED_CONNECTOR, CONNECTOR_DISABLED),
    (PENDING_RETRY, Happening.MET_DISABLED_CONNECTOR, CONNECTOR_DISABLED),
    (QUEUED, Happening.ACCEPTED, SENT),
    (PENDING_RETRY, Happening.ACCEPTED, SENT),
    (QUEUED, Happening.FAILED_FOR_NOW, PENDING_RETRY),
    (PENDING_RETRY, Happening.FAILED_FOR_NOW, PENDING_RETRY),
    (QUEUED, Happening.GAVE_UP, FAILED),
    (PENDING_RETRY, Happening.GAVE_UP, FAILED),
    (QUEUED, Happening.FAILED_FOR_GOOD, FAILED),
    (PENDING_RETRY, Happening.FAILED_FOR_GOOD, FAILED),
    (PENDING_RETRY, Happening.RETRY, PENDING_RETRY),
    (FAILED, Happening.RETRY, PENDING_RETRY),
    (CONNECTOR_DISABLED, Happening.RETRY, PENDING_RETRY),
    (CONNECTOR_DISABLED, Happening.RESUMED, PENDING_RETRY),
    (QUEUED, Happening.CONNECTOR_GAVE_UP, FAILED),
    (PENDING_RETRY, Happening.CONNECTOR_GAVE_UP, FAILED),
]


@pytest.mark.parametrize(("status", "happening", "after"), ROWS, ids=lambda value: value.name.lower())
def test_section_3_every_row_of_the_table(status, happening, after):
    assert next_status(status, happening) is after


def test_section_3_everything_else_is_refused_and_names_what_is_possible():
    allowed = {(status, happening) for status, happening, _ in ROWS}
    assert set(TRANSITIONS) == allowed
    for status, happening in itertools.product(SendStatus, Happening):
        if (status, happening) not in allowed:
            with pytest.raises(NotPossible, match=f"{happening.name.lower()} is not possible on a {status.word} email"):
                next_status(status, happening)


def test_e4_final_statuses_have_left_the_outbox_and_nothing_leads_out_of_them():
    assert [status for status in SendStatus if status.in_outbox] == [QUEUED, PENDING_RETRY, CONNECTOR_DISABLED, FAILED]
    assert not [row for row in TRANSITIONS if not row[0].in_outbox]


def standing(status=QUEUED, *, in_flight=False, visible=True, is_sender=True, undo_open=True):
    return Standing(status, in_flight, visible, is_sender, undo_open)


@pytest.mark.parametrize("action", Action)
def test_section_3_an_email_that_does_not_exist_is_unknown(action):
    assert refusal(action, None) is Reason.UNKNOWN_EMAIL


@pytest.mark.parametrize("action", Action)
def test_p3_not_visible_comes_before_every_other_reason(action):
    hidden = standing(SENT, in_flight=True, visible=False, is_sender=False, undo_open=False)
    assert refusal(action, hidden) is Reason.NOT_VISIBLE


def test_section_3_reasons_come_in_the_order_of_the_specification():
    worst = standing(SENT, in_flight=True, is_sender=False, undo_open=False)
    assert refusal(Action.UNDO, worst) is Reason.NOT_SENDER
    assert refusal(Action.UNDO, standing(SENT, undo_open=False)) is Reason.NOT_IN_OUTBOX
    assert refusal(Action.UNDO, standing(PENDING_RETRY, in_flight=True, undo_open=False)) is Reason.IN_FLIGHT
    assert refusal(Action.UNDO, standing(PENDING_RETRY, undo_open=False)) is Reason.WRONG_STATUS
    assert refusal(Action.UNDO, standing(QUEUED, undo_open=False)) is Reason.UNDO_WINDOW_OVER
    assert refusal(Action.UNDO, standing(QUEUED)) is None


@pytest.mark.parametrize("action", [Action.RETRY, Action.CANCEL, Action.SEND_NOW])
def test_l1_in_flight_refuses_cancel_retry_and_send_now(action):
    assert refusal(action, standing(PENDING_RETRY, in_flight=True)) is Reason.IN_FLIGHT


def test_section_3_retry_is_for_what_has_failed_and_send_now_for_what_is_queued():
    assert refusal(Action.RETRY, standing(QUEUED)) is Reason.WRONG_STATUS
    assert [refusal(Action.SEND_NOW, standing(status)) for status in (PENDING_RETRY, CONNECTOR_DISABLED, FAILED)] == [
        Reason.WRONG_STATUS
    ] * 3
    assert [refusal(Action.CANCEL, standing(status)) for status in SendStatus] == [None] * 4 + [Reason.NOT_IN_OUTBOX] * 2


def test_p3_a_hidden_email_reads_like_one_that_does_not_exist():
    hidden = refusal_text(Action.RETRY, "m1", Reason.NOT_VISIBLE, standing(visible=False))
    assert hidden == refusal_text(Action.RETRY, "m1", Reason.UNKNOWN_EMAIL, None)
    assert "queued" not in hidden


def test_section_3_a_refusal_names_the_email_its_status_and_what_is_possible():
    text = refusal_text(Action.RETRY, "m1", Reason.WRONG_STATUS, standing(QUEUED, undo_open=False))
    assert text == "retry refused: email 'm1' is queued (wrong_status); possible: cancel, send_now"

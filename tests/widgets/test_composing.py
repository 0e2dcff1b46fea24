"""Composing: what can be typed wrongly, scheduling (G5, E1), and that nothing typed is lost."""

from __future__ import annotations

from typing import Any

import pytest

from outboxsim.outbox import Priority, SendStatus
from outboxsim.widgets.composing import MOST_ATTACHMENTS, Composing
from outboxsim.widgets.desktop import Malformed
from outboxsim.widgets.drafts import AttachmentDraft, Draft
from outboxsim.widgets.nodes import Element, find, plain, texts
from outboxsim.widgets.undo import UndoPopup
from tests.widgets.stage import Stage

LETTER: dict[str, Any] = {
    "to": "anna@kunde.example",
    "subject": "Payslip",
    "body": "Hello\nAnna",
    "priority": "high",
    "when": "now",
    "send_at": "",
}


class Desk:
    """A stage with somebody who writes."""

    def __init__(self, user: str = "lena", **keys: Any) -> None:
        self.stage = Stage(user, **keys)
        self.composing = Composing(self.stage)
        self.stage.seat(self.composing, UndoPopup(self.stage))
        self.stage.do("compose.open")

    def do(self, gesture: str, *arguments: Any, **form: Any) -> None:
        self.stage.do(gesture, *arguments, form=form)

    def send(self, **form: Any) -> None:
        self.do("compose.send", **{**LETTER, **form})

    @property
    def dialog(self) -> Element:
        dialog = self.composing.dialog()
        assert dialog is not None
        return dialog

    def problem(self, field: str) -> str | None:
        """What the dialog says about a field, tied to its control."""
        message = find(self.dialog, "span", id=f"ob-compose-{field}-problem")
        control = find(self.dialog, name=field)[0]
        is_told = control.attributes.get("aria-invalid") == "true" and f"ob-compose-{field}-problem" in str(
            control.attributes["aria-describedby"]
        )
        assert is_told == bool(message)
        return texts(message[0]) if message else None

    def sent(self, email_id: str = "lena-1") -> Any:
        return self.stage.session.email(email_id, by=self.stage.user)


@pytest.fixture
def desk() -> Desk:
    return Desk()


# Sending


def test_e1_an_email_is_submitted_with_everything_that_was_typed(desk):
    desk.do("compose.attach")
    desk.do("compose.attach")
    desk.send(
        cc="b@kunde.example; c@kunde.example,",
        bcc="d@kunde.example",
        work_item="T-1",
        **{
            "attachment-0-name": "a.pdf",
            "attachment-0-size": "1,5",
            "attachment-0-unit": "kB",
            "attachment-1-name": "",
            "attachment-1-size": "",
        },
    )
    email = desk.sent()
    assert (email.to, email.cc, email.bcc) == (("anna@kunde.example",), ("b@kunde.example", "c@kunde.example"), ("d@kunde.example",))
    assert (email.subject, email.body, email.priority, email.work_item) == ("Payslip", "Hello\nAnna", Priority.HIGH, "T-1")
    assert [tuple(one) for one in email.attachments] == [("a.pdf", 1_500)]
    assert (email.sender, email.from_address) == ("lena", "lena@acme.example")


def test_after_sending_the_dialog_closes_empties_and_says_so(desk):
    desk.send()
    assert desk.stage.opened is None
    assert desk.composing.dialog() is None
    assert desk.composing.draft == Draft()
    assert desk.stage.announced == [("done", "“Payslip” is in the outbox.")]


def test_ids_are_counted_and_never_those_of_other_emails():
    desk = Desk(emails=[{"id": "lena-2", "at": "5 h", "from": "lena", "to": "a@kunde.example"}])
    for _ in range(2):
        desk.stage.do("compose.open")
        desk.send()
    assert desk.sent("lena-1").subject == desk.sent("lena-3").subject == "Payslip"


def test_ids_are_not_those_that_traffic_of_this_name_will_have():
    desk = Desk(traffic=[{"name": "lena", "from": "lena", "arrivals": {"every": "1 h"}}], emails=[])
    desk.send()
    assert desk.sent("lena--1").subject == "Payslip"


# What is wrong


@pytest.mark.parametrize("to", ["anna", "anna@", "anna @kunde.example", "a@b@c", "a@kunde.example, nobody"])
def test_an_address_needs_an_at_and_no_blanks(desk, to):
    desk.send(to=to)
    assert "no email address" in (desk.problem("to") or "")
    assert desk.stage.opened == ("compose",)


@pytest.mark.parametrize("field", ["cc", "bcc"])
def test_copies_are_looked_at_too(desk, field):
    desk.send(**{field: "nobody"})
    assert "nobody" in (desk.problem(field) or "")
    assert desk.problem("to") is None


@pytest.mark.parametrize("to", ["", " ,; "])
def test_an_email_needs_a_recipient(desk, to):
    desk.send(to=to)
    assert desk.problem("to") == "An email needs a recipient."


def test_all_faults_are_told_at_once_and_the_dialog_says_how_many(desk):
    desk.do("compose.attach")
    desk.send(to="x", cc="y", priority="urgent", **{"attachment-0-name": "a\nb", "attachment-0-size": "big"})
    assert all(desk.problem(field) for field in ("to", "cc", "priority", "attachment-0-name", "attachment-0-size"))
    assert "5 fields" in texts(find(desk.dialog, role="alert")[0])


@pytest.mark.parametrize("size", ["-1", "1e3", "٣", "9" * 16, "1.5.2"])
def test_a_size_is_a_number(desk, size):
    desk.do("compose.attach")
    desk.send(**{"attachment-0-name": "a.pdf", "attachment-0-size": size})
    assert desk.problem("attachment-0-size")


def test_nothing_is_wrong_before_sending_is_tried_and_corrections_are_seen_at_once(desk):
    desk.do("compose.type", **{**LETTER, "to": "x"})
    assert desk.problem("to") is None
    desk.send(to="x")
    assert desk.problem("to")
    desk.do("compose.type", **LETTER)
    assert desk.problem("to") is None


def test_c2_without_a_connector_for_the_address_nothing_is_sent_and_nothing_is_lost():
    desk = Desk("lena", connectors={"main": {"addresses": ["lena@acme.example"]}, "other": {"addresses": ["x@acme.example"]}}, emails=[])
    desk.stage.user = "tom"
    desk.send()
    assert find(desk.dialog, role="alert")
    assert desk.composing.draft.to == "anna@kunde.example"


def test_at_the_horizon_nothing_is_sent_and_the_dialog_says_why(desk):
    desk.stage.session.run_until("8 h")
    desk.send()
    assert "over" in texts(find(desk.dialog, role="alert")[0])
    assert desk.composing.draft.subject == "Payslip"


# Scheduling


def test_g5_a_scheduled_email_says_for_when_and_by_whom(desk):
    desk.send(when="later", send_at="2026-03-02T12:30")
    email = desk.sent()
    assert email.scheduled_for == desk.stage.session.scenario.clock.moment("12:30")
    assert (email.scheduled_by, email.status) == ("lena", SendStatus.QUEUED)
    assert desk.stage.announced[-1][0] == "done"
    assert "scheduled for" in desk.stage.announced[-1][1]


@pytest.mark.parametrize("send_at", ["", "tomorrow", "2026-03-02T09:00", "2026-03-02T09:01", "2020-01-01T00:00", "9999-01-01T00:00", "end"])
def test_a_schedule_lies_after_now(desk, send_at):
    desk.send(when="later", send_at=send_at)
    assert "after" in (desk.problem("send_at") or "")


@pytest.mark.parametrize(("send_at", "why"), [("2026-03-29T02:30", "skips"), ("2026-10-25T02:30", "repeats")])
def test_times_that_daylight_saving_skips_or_repeats_are_refused_with_the_reason(desk, send_at, why):
    desk.send(when="later", send_at=send_at)
    assert f"{why} it in Europe/Berlin" in (desk.problem("send_at") or "")


def test_a_schedule_after_the_end_of_the_simulation_is_taken_and_said(desk):
    desk.send(when="later", send_at="2026-03-03T08:00")
    assert desk.sent().status == SendStatus.QUEUED
    assert "will not send it" in desk.stage.announced[-1][1]


def test_the_time_zone_is_shown_and_the_picker_opens_at_the_simulated_day(desk):
    desk.do("compose.type", **{**LETTER, "when": "later"})
    assert "Europe/Berlin" in texts(desk.dialog)
    picker = find(desk.dialog, "input", type="datetime-local")[0]
    assert picker.attributes["value"] == "2026-03-02T10:01"


def test_a_time_that_is_not_asked_for_is_not_looked_at(desk):
    desk.send(when="now", send_at="nonsense")
    assert desk.sent().scheduled_for is None


# What was typed


def test_what_was_typed_survives_closing_refreshing_and_another_user(desk):
    desk.do("compose.type", **LETTER)
    desk.stage.close()
    assert desk.composing.dialog() is None
    desk.stage.user = "tom"
    desk.stage.do("compose.open")
    assert find(desk.dialog, "input", name="subject")[0].attributes["value"] == ""
    desk.stage.user = "lena"
    assert find(desk.dialog, "input", name="subject")[0].attributes["value"] == "Payslip"
    assert find(desk.dialog, "textarea")[0].attributes["value"] == "Hello\nAnna"


def test_discarding_forgets_it(desk):
    desk.send(to="x")
    desk.do("compose.discard")
    assert desk.stage.opened is None
    desk.stage.do("compose.open")
    assert desk.composing.draft == Draft()
    assert desk.problem("to") is None


def test_attachments_are_added_and_taken_away_without_losing_the_others(desk):
    desk.do("compose.attach", **LETTER)
    desk.do("compose.attach", **{"attachment-0-name": "a", "attachment-0-size": "1"})
    desk.do("compose.detach", 0, **{"attachment-1-name": "b", "attachment-1-size": "2"})
    assert desk.composing.draft.attachments == (AttachmentDraft("b", "2"),)
    assert desk.composing.draft.subject == "Payslip"
    for _ in range(2 * MOST_ATTACHMENTS):
        desk.do("compose.attach")
    assert len(desk.composing.draft.attachments) == MOST_ATTACHMENTS


def test_g6_the_undo_window_is_told_before_sending():
    desk = Desk(users={"lena": {"undo_window": "30 s"}})
    assert "You can undo sending for" in texts(desk.dialog)
    assert "You can undo sending for" not in texts(Desk().dialog)


# Edit again


def test_g6_an_undone_email_is_written_again_with_its_contents():
    desk = Desk(users={"lena": {"undo_window": "30 s"}})
    desk.do("compose.attach")
    sent = {"cc": "b@kunde.example", "work_item": "T-1", "when": "later", "send_at": "2026-03-02T12:30"}
    desk.send(**sent, **{"attachment-0-name": "a.pdf", "attachment-0-size": "20", "attachment-0-unit": "kB"})
    popup = UndoPopup(desk.stage)
    desk.stage.seat(popup)
    desk.do("undo.undo", "lena-1")
    assert find(popup.screen(), "article")
    desk.do("compose.again", "lena-1")
    assert desk.stage.opened == ("compose", "lena-1")
    assert not find(popup.screen(), "article")
    draft = desk.composing.draft
    assert (draft.to, draft.cc, draft.subject, draft.body, draft.priority) == (
        "anna@kunde.example",
        "b@kunde.example",
        "Payslip",
        "Hello\nAnna",
        "high",
    )
    assert (draft.work_item, draft.when, draft.send_at) == ("T-1", "later", "2026-03-02T12:30")
    assert draft.attachments == (AttachmentDraft("a.pdf", "20000", "B"),)


def test_editing_again_overwrites_nothing():
    desk = Desk(users={"lena": {"undo_window": "30 s"}})
    desk.send()
    desk.do("undo.undo", "lena-1")
    desk.do("compose.type", subject="Another one")
    desk.do("compose.again", "lena-1")
    assert desk.composing.draft.subject == "Another one"
    assert desk.stage.announced[-1][0] == "refused"


@pytest.mark.parametrize("email_id", ["secret", "given-up", "nonsense"])
def test_p3_only_undone_emails_of_ones_own_are_written_again(desk, email_id):
    desk.do("compose.type", to="")
    desk.do("compose.again", email_id)
    assert desk.composing.draft == Draft()
    assert desk.stage.announced == [("refused", "There is no such email.")]


# Forged messages


@pytest.mark.parametrize("work_item", ["C-2", "T-9"])
def test_p3_a_work_item_that_the_writer_may_not_see_is_as_good_as_none(desk, work_item):
    desk.send(work_item=work_item)
    assert desk.problem("work_item") == "There is no such work item."
    assert "C-2" not in texts(desk.dialog)


def test_p3_nobody_sends_as_somebody_else(desk):
    desk.send(from_="greta", sender="greta", by="greta", id="m1")
    assert desk.sent().sender == "lena"


@pytest.mark.parametrize("form", [{"to": True}, {"subject": ["a"]}, {"when": False}])
def test_fields_of_another_kind_are_malformed(desk, form):
    with pytest.raises(Malformed):
        desk.send(**form)
    assert desk.composing.draft == Draft()


def test_halves_of_characters_and_line_breaks_in_a_subject_do_no_harm(desk):
    desk.send(subject="a\ud800b\r\nc", body="\ud800")
    assert desk.sent().subject == "a?b c"


def test_g8_markup_is_text_and_every_control_has_a_label(desk):
    desk.do("compose.attach")
    desk.send(to="<img src=x onerror=alert(1)>", subject="<b>bold</b>")
    assert "<img" in (desk.problem("to") or "")
    assert isinstance(plain(desk.dialog), dict)
    labelled = {label.attributes.get("for") for label in find(desk.dialog, "label")}
    inside = [control for label in find(desk.dialog, "label") for control in find(label, "input")]
    for control in (*find(desk.dialog, "input"), *find(desk.dialog, "select"), *find(desk.dialog, "textarea")):
        assert control.attributes.get("id") in labelled or control in inside


def test_the_dialog_speaks_german():
    desk = Desk(language="de")
    desk.send(when="later", send_at="2026-03-29T02:30")
    assert "Sommerzeit" in (desk.problem("send_at") or "")
    assert "Senden planen" in texts(desk.dialog)

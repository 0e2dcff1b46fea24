"""The popup with which sending can be undone (G6)."""

from __future__ import annotations

from typing import Any

import pytest

from outboxsim.outbox import Reason, Refused, SendStatus
from outboxsim.widgets.nodes import Element, find, plain, texts
from outboxsim.widgets.undo import UndoPopup
from tests.widgets.stage import Stage

SECOND = 1_000_000


def email(email_id: str, at: str = "60 s", **keys: Any) -> dict[str, Any]:
    return {"id": email_id, "at": at, "from": "lena", "to": f"{email_id}@kunde.example", "subject": f"About {email_id}", **keys}


class Desk:
    """lena has an undo window of 30 s; her emails come at 60 s."""

    def __init__(self, *emails: dict[str, Any], user: str = "lena", window: str = "30 s", at: str = "60 s", **keys: Any) -> None:
        users = {"lena": {"undo_window": window}, "greta": {}, "tom": {"undo_window": window}, "cy": {"admin": True, "access": "all"}}
        self.stage = Stage(user, users=users, emails=list(emails), until=at, **keys)
        self.popup = UndoPopup(self.stage)
        self.stage.seat(self.popup)

    def run_to(self, seconds: float) -> None:
        self.stage.session.run_until(round(seconds * SECOND))

    @property
    def screen(self) -> Element:
        return self.popup.screen()

    @property
    def cards(self) -> list[str]:
        return [str(card.key) for card in find(self.screen, "article")]

    def offered(self, email_id: str) -> list[str]:
        """The gestures that a card offers."""
        card = next(card for card in find(self.screen, "article") if card.key == email_id)
        return [button.on["click"].name for button in find(card, "button")]

    @property
    def said(self) -> str:
        return texts(find(self.screen, role="status")[0])

    def status(self, email_id: str = "m1") -> SendStatus:
        return SendStatus(self.stage.session.email(email_id, by=None).status)


def test_g6_the_popup_counts_down_in_simulated_time_and_ends_exactly_with_the_window():
    desk = Desk(email("m1"))
    assert "30 s" in texts(desk.screen)
    desk.run_to(70.5)
    assert "20 s" in texts(desk.screen)
    desk.stage.session.run_until(90 * SECOND - 1)
    assert desk.cards == ["m1"]
    assert "1 s" in texts(desk.screen)
    desk.run_to(90)
    assert desk.cards == []


def test_g6_without_an_undo_window_there_is_no_popup():
    assert Desk(email("m1"), window="0 s").cards == []


def test_g6_only_the_sender_gets_it():
    for user in ("greta", "tom", "cy"):
        assert Desk(email("m1", work_item="T-1"), user=user).cards == []


def test_g6_undo_cancels_the_email_and_offers_to_edit_it_again():
    desk = Desk(email("m1"))
    desk.stage.do("undo.undo", "m1")
    assert desk.status() == SendStatus.CANCELLED
    assert desk.stage.announced == [("done", "Sending was undone.")]
    again = [button for button in find(desk.screen, "button") if button.on["click"].name == "compose.again"]
    assert [button.on["click"].arguments for button in again] == [("m1",)]
    desk.stage.open("details", "m1")
    assert desk.cards == ["m1"]
    desk.stage.do("undo.hide", "m1")
    assert desk.cards == []


def test_g6_now_sends_at_once():
    desk = Desk(email("m1"))
    assert "email.send_now" in desk.offered("m1")
    desk.stage.session.act("send_now", "m1", by="lena")
    assert desk.cards == []
    desk.run_to(65)
    assert desk.status() == SendStatus.SENT


def test_g6_sent_now_while_all_slots_are_taken_it_can_no_longer_be_undone():
    desk = Desk(email("m0", at="59 s", **{"from": "tom"}), email("m1"), connectors={"main": {"latency": "1 h", "capacity": 1}})
    desk.stage.session.act("send_now", "m0", by="tom")
    desk.stage.session.act("send_now", "m1", by="lena")
    assert desk.status() == SendStatus.QUEUED
    assert desk.cards == []


def test_g6_the_sender_can_review_it():
    assert "email.details" in Desk(email("m1")).offered("m1")


@pytest.mark.parametrize(("seconds", "why"), [(90, "just being sent"), (93, "has left the outbox")])
def test_g6_undo_too_late_is_refused_in_words(seconds, why):
    desk = Desk(email("m1"))
    desk.run_to(seconds)
    desk.stage.do("undo.undo", "m1")
    kind, text = desk.stage.announced[-1]
    assert kind == "refused"
    assert text.startswith("Too late")
    assert why in text


def test_g6_undo_at_the_windows_end_while_it_still_waits_names_the_window():
    desk = Desk(email("m1", send_at="2 h"))
    desk.run_to(90)
    desk.stage.do("undo.undo", "m1")
    assert desk.stage.announced == [("refused", "Too late to undo sending: the time to undo sending is over.")]
    assert desk.status() == SendStatus.QUEUED


def test_g6_a_scheduled_email_can_be_undone_within_its_window_only():
    desk = Desk(email("m1", send_at="2 h"))
    assert desk.cards == ["m1"]
    assert "Can be undone for 30 s" in texts(desk.screen)
    assert "Will be sent in" not in texts(desk.screen)
    desk.run_to(90)
    assert desk.cards == []


def test_g6_several_stack_the_latest_three_and_a_count():
    desk = Desk(*(email(f"m{number}", at=f"{60 + number} s") for number in range(1, 6)), at="66 s")
    assert desk.cards == ["m5", "m4", "m3"]
    assert "2 more emails" in texts(desk.screen)


def test_hiding_hides_one_email_from_its_user():
    desk = Desk(email("m1"), email("m2"))
    desk.stage.do("undo.hide", "m2")
    assert desk.cards == ["m1"]
    assert desk.status("m2") == SendStatus.QUEUED


def test_screen_readers_hear_of_each_email_once_and_of_no_second():
    desk = Desk(email("m1"), email("m2", at="70 s"))
    first = desk.said
    assert "m1" in first
    desk.run_to(65)
    assert desk.said == first
    desk.run_to(70)
    assert "m2" in desk.said
    desk.stage.session.act("send_now", "m2", by="lena")
    assert desk.said == ""
    countdown = [one for card in find(desk.screen, "article") for one in card.children if isinstance(one, Element) and one.key == "left"]
    assert [one.attributes.get("aria-hidden") for one in countdown] == ["true"]


def test_after_going_back_in_time_sending_is_not_undone_any_more():
    desk = Desk(email("m1"))
    desk.stage.do("undo.undo", "m1")
    desk.stage.session.jump(50 * SECOND)
    assert desk.cards == []
    desk.run_to(60)
    assert desk.cards == ["m1"]


@pytest.mark.parametrize(("user", "reason"), [("udo", Reason.NOT_VISIBLE), ("greta", Reason.NOT_SENDER)])
def test_p3_a_forged_undo_of_somebody_elses_email_is_refused(user, reason):
    desk = Desk(email("m1"), user=user)
    with pytest.raises(Refused) as refused:
        desk.stage.do("undo.undo", "m1")
    assert refused.value.reason == reason
    assert desk.status() == SendStatus.QUEUED


def test_p3_a_forged_undo_answers_alike_for_emails_unseen_and_unknown():
    desk = Desk(email("m1"), user="udo")
    answers = []
    for email_id in ("m1", "m9"):
        for seconds in (60, 95):
            desk.run_to(max(seconds, desk.stage.session.elapsed / SECOND))
            with pytest.raises(Refused) as refused:
                desk.stage.do("undo.undo", email_id)
            answers.append(str(refused.value).replace(email_id, "X"))
    assert len(set(answers)) == 1


def test_g8_markup_in_subject_and_addresses_is_text_and_buttons_have_names():
    desk = Desk(email("m1", subject="<script>alert(1)</script>\u202e"))
    assert isinstance(plain(desk.screen), dict)
    assert "<script>" in texts(desk.screen)
    assert "\u202e" not in texts(desk.screen)
    assert all(texts(button).strip() or button.attributes.get("aria-label") for button in find(desk.screen, "button"))

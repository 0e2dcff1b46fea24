"""The screen of a work item: timeline, communications and what is done there (G5, P3)."""

from __future__ import annotations

from typing import Any

import pytest

from outboxsim.outbox import Reason, Refused, SendStatus
from outboxsim.widgets.nodes import Element, find, plain, texts
from outboxsim.widgets.work_items import EMAILS_AT_A_TIME, WorkItems
from tests.widgets.stage import Stage

TICKETS = {
    "T-1": {"type": "ticket", "team": "payroll", "assignee": "lena"},
    "T-2": {"type": "ticket", "team": "payroll"},
    "C-2": {"type": "case", "team": "billing"},
}


def said(node: Element) -> str:
    """A tree's text with single blanks."""
    return " ".join(texts(node).split())


def gestures(node: Element) -> list[str]:
    return [button.on["click"].name for button in find(node, "button") if "click" in button.on]


class Desk:
    """A stage on which T-1 is open."""

    def __init__(self, user: str = "lena", reference: str = "T-1", **keys: Any) -> None:
        self.stage = Stage(user, **{"work_items": TICKETS, **keys})
        self.part = WorkItems(self.stage)
        self.stage.seat(self.part)
        self.do("work_item.open", reference)

    def do(self, gesture: str, *arguments: Any, **form: Any) -> None:
        self.stage.do(gesture, *arguments, form=form)

    def act(self, verb: str, *targets: str, by: str = "lena", **arguments: Any) -> None:
        self.stage.session.act(verb, *targets, by=by, **arguments)

    @property
    def screen(self) -> Element:
        return self.part.screen()

    @property
    def timeline(self) -> list[str]:
        self.do("work_item.tab", "timeline")
        return [said(entry) for entry in find(self.screen, "li")]

    @property
    def communications(self) -> dict[str, Element]:
        self.do("work_item.tab", "communications")
        return {str(card.key): card for card in find(self.screen, "article")}

    def buttons(self, email_id: str) -> dict[str, str]:
        """The gestures that are offered for an email, on the open tab, with their labels."""
        found = [button for button in find(self.screen, "button") if "click" in button.on and button.on["click"].arguments == (email_id,)]
        return {button.on["click"].name: said(button) for button in found}


def test_g5_the_header_says_what_it_is_and_who_works_on_it():
    header = said(find(Desk().screen, "header")[0])
    assert "Ticket T-1" in header
    assert "lena" in header
    assert "payroll" in header


def test_g5_the_timeline_tells_what_happened_with_who_and_when_newest_first():
    desk = Desk()
    desk.act("retry", "given-up", by="greta")
    desk.act("cancel", "notice", by="lena")
    entries = desk.timeline
    assert "Cancelled by lena" in entries[0]
    assert [one for one in entries if "Send attempt 1 failed" in one and "Given up" in one]
    assert [one for one in entries if "Retry asked for by greta" in one and "Given up" in one]
    assert [one for one in entries if "Scheduled for" in one and "13:00:00" in one and "by lena" in one]
    assert [one for one in entries if "System generated" in one and "Ticket split" in one]
    assert "Submitted by lena" in entries[-1] or "Scheduled" in entries[-1] or "System generated" in entries[-1]


def test_g5_a_sent_email_and_a_failure_that_will_be_retried_are_told():
    emails = [{"id": "m1", "at": "0 s", "from": "lena", "to": "a@kunde.example", "subject": "Hi", "work_item": "T-1"}]
    desk = Desk(emails=emails, connectors={"main": {"outages": [{"from": "0 s", "until": "30 s"}]}})
    entries = desk.timeline
    assert "Sent" in entries[0]
    assert "connection refused" in entries[1]
    assert "Next send attempt" in entries[1]


def test_g5_communications_show_who_scheduled_an_email_and_for_when_with_send_now_and_cancel():
    desk = Desk("greta")
    card = desk.communications["waits"]
    assert "Scheduled by lena" in said(card)
    assert "13:00:00" in said(card)
    assert "Queued" in said(card)
    assert desk.buttons("waits") == {"email.send_now": "Send now", "email.cancel": "Cancel", "email.details": "Details"}


def test_g5_a_failed_email_has_retry_and_cancel_on_both_tabs():
    desk = Desk()
    offered = {"email.retry": "Retry", "email.cancel": "Cancel", "email.details": "Details"}
    assert desk.communications
    assert desk.buttons("given-up") == offered
    assert desk.timeline
    assert desk.buttons("given-up") == offered


def test_g5_only_the_newest_entry_of_an_email_offers_what_can_be_done():
    desk = Desk()
    entries = find(desk.screen, "li")
    offering = [entry for entry in entries if "Given up" in said(entry) and "email.retry" in gestures(entry)]
    assert len(offering) == 1
    assert "failed" in said(offering[0])


@pytest.mark.parametrize(("user", "cancel"), [("lena", "undo.undo"), ("greta", "email.cancel")])
def test_g6_in_its_undo_window_an_email_has_now_and_cancel(user, cancel):
    emails = [{"id": "m1", "at": "50 s", "from": "lena", "to": "a@kunde.example", "work_item": "T-1"}]
    desk = Desk(user, emails=emails, users={"lena": {"undo_window": "30 s"}})
    assert desk.communications
    assert desk.buttons("m1") == {"email.send_now": "Now", cancel: "Cancel", "email.details": "Details"}


def test_g5_an_email_in_flight_or_gone_offers_its_details_only():
    emails = [{"id": "m1", "at": "59 s", "from": "lena", "to": "a@kunde.example", "work_item": "T-1"}]
    desk = Desk(emails=emails)
    assert "is being sent" in said(desk.communications["m1"])
    assert desk.buttons("m1") == {"email.details": "Details"}
    desk.stage.session.run_until("2 min")
    assert "Sent" in said(desk.communications["m1"])
    assert desk.buttons("m1") == {"email.details": "Details"}


def test_g5_many_emails_are_shown_in_portions():
    emails = [
        {"id": f"m{number}", "at": f"{number} s", "from": "lena", "to": "a@kunde.example", "work_item": "T-1"}
        for number in range(EMAILS_AT_A_TIME + 5)
    ]
    desk = Desk(emails=emails)
    assert len(desk.communications) == EMAILS_AT_A_TIME
    assert "m0" not in desk.communications
    assert "Show 5 older emails" in said(desk.screen)
    desk.do("work_item.older")
    assert len(desk.communications) == len(emails)


def test_g5_tabs_say_which_is_chosen_and_label_their_panel():
    desk = Desk()
    desk.do("work_item.tab", "communications")
    tabs = {tab.attributes["id"]: tab.attributes["aria-selected"] for tab in find(desk.screen, role="tab")}
    assert tabs == {"ob-tab-timeline": "false", "ob-tab-communications": "true"}
    assert find(desk.screen, role="tabpanel")[0].attributes["aria-labelledby"] == "ob-tab-communications"
    desk.do("work_item.tab", "nonsense")
    assert find(desk.screen, id="ob-tab-communications", aria_selected="true")


def test_a_work_item_stays_below_a_dialog():
    desk = Desk()
    desk.stage.open("details", "waits")
    assert "Ticket T-1" in said(desk.screen)


# Split, share, merge, assign


def test_p3_those_who_work_on_it_split_and_share_it():
    desk = Desk()
    desk.do("work_item.split", "T-1")
    desk.do("work_item.share", "T-1")
    assert [kind for kind, _ in desk.stage.announced] == ["done", "done"]
    told = [entry for entry in desk.timeline if "Work item" in entry]
    assert "Work item shared by lena" in told[0]
    assert "Work item split by lena" in told[1]
    assert {"T-1-split-1", "T-1-share-1"} <= set(desk.communications)


def test_p3_merging_takes_the_ticked_ones_and_their_emails():
    emails = [{"id": "m1", "at": "0 s", "from": "tom", "to": "a@kunde.example", "work_item": "T-2", "send_at": "3 h"}]
    desk = Desk(emails=emails)
    assert [str(box.attributes["name"]) for box in find(desk.screen, "input")] == ["item T-2"]
    desk.do("work_item.merge", "T-1", **{"item T-2": True, "item C-2": False})
    assert "m1" in desk.communications
    assert "Merged into this one: T-2 by lena" in " | ".join(desk.timeline)


def test_merging_nothing_is_said_to_be_nothing():
    desk = Desk()
    desk.do("work_item.merge", "T-1", **{"item T-2": False, "item T-1": True})
    assert desk.stage.announced == [("refused", "Choose at least one other work item.")]


def test_p3_assigning_gives_it_to_somebody_and_the_header_says_so():
    desk = Desk()
    desk.do("work_item.assign", "T-1", assignee="tom")
    assert "tom" in said(find(desk.screen, "header")[0])
    assert "Assigned to tom by lena" in desk.timeline[0]
    desk.do("work_item.assign", "T-1", assignee="nobody")
    assert desk.stage.announced[-1] == ("refused", "There is no such user.")


def test_p3_who_gives_it_away_to_another_team_sees_no_more_of_it_than_her_own_emails():
    desk = Desk()
    desk.do("work_item.assign", "T-1", assignee="udo")
    assert "notice" not in desk.communications
    assert "waits" in desk.communications
    assert not find(desk.screen, "form")


def test_p3_who_only_sees_it_has_no_buttons_and_is_refused():
    desk = Desk("cy")
    assert not find(desk.screen, "form")
    assert "work_item.split" not in gestures(desk.screen)
    for gesture, form in (("split", {}), ("share", {}), ("merge", {"item T-2": True}), ("assign", {"assignee": "cy"})):
        with pytest.raises(Refused) as refused:
            desk.do(f"work_item.{gesture}", "T-1", **form)
        assert refused.value.reason == Reason.NOT_ALLOWED


# Who may not see it


@pytest.mark.parametrize("reference", ["C-2", "T-9", "", "__class__"])
def test_p3_a_work_item_unseen_is_like_one_unknown(reference):
    desk = Desk("lena", reference)
    assert desk.stage.opened is None
    for gesture, form in (("split", {}), ("share", {}), ("merge", {"item T-1": True}), ("assign", {"assignee": "lena"})):
        desk.do(f"work_item.{gesture}", reference, **form)
    assert set(desk.stage.announced) == {("refused", "There is no such work item.")}
    desk.stage.opened = ("work_item", reference)
    assert said(desk.screen) == "There is no such work item. Back to the outbox"


@pytest.mark.parametrize("other", ["C-2", "T-9"])
def test_p3_merging_in_one_unseen_is_like_one_unknown(other):
    desk = Desk()
    desk.do("work_item.merge", "T-1", **{f"item {other}": True})
    assert desk.stage.announced == [("refused", "There is no such work item.")]


def test_p3_others_emails_of_a_work_item_are_neither_shown_nor_counted():
    emails = [
        {"id": "mine", "at": "0 s", "from": "kim", "to": "a@kunde.example", "subject": "Mine", "work_item": "T-1", "send_at": "3 h"},
        {"id": "theirs", "at": "0 s", "from": "lena", "to": "a@kunde.example", "subject": "Theirs", "work_item": "T-1", "send_at": "3 h"},
    ]
    desk = Desk("kim", emails=emails)
    assert list(desk.communications) == ["mine"]
    assert "Theirs" not in " ".join(desk.timeline)
    desk.act("cancel", "theirs")
    assert "Theirs" not in " ".join(desk.timeline)


def test_p3_names_of_merged_items_that_the_user_may_not_see_are_not_told():
    emails = [{"id": "mine", "at": "0 s", "from": "kim", "to": "a@kunde.example", "work_item": "T-1", "send_at": "3 h"}]
    desk = Desk("kim", emails=emails)
    desk.act("merge", "T-1", "T-2")
    assert "Merged into this one: 1 other by lena" in " | ".join(desk.timeline)


def test_c7_a_disabled_connector_is_told_with_what_to_do():
    assert [one for one in Desk().timeline if "Ticket split" in one and "Please enable it in Builder and retry" in one]


def test_emails_without_a_work_item_are_not_here():
    assert "closed-door" not in Desk().communications


def test_after_going_back_in_time_the_timeline_is_that_of_the_new_past():
    desk = Desk()
    desk.act("retry", "given-up", by="greta")
    assert "Retry asked for by greta" in " | ".join(desk.timeline)
    desk.stage.session.jump(50_000_000)
    assert "Retry asked for" not in " | ".join(desk.timeline)
    desk.act("retry", "given-up", by="tom")
    assert "Retry asked for by tom" in " | ".join(desk.timeline)
    assert desk.stage.session.email("given-up", by="lena").status == SendStatus.FAILED


def test_g8_markup_and_turned_text_stay_text():
    emails = [
        {
            "id": "m1",
            "at": "0 s",
            "from": "lena",
            "to": "a@kunde.example",
            "subject": "<img src=x>\u202e",
            "work_item": "T-1",
            "send_at": "3 h",
        }
    ]
    desk = Desk(emails=emails)
    for _ in (desk.timeline, desk.communications):
        assert isinstance(plain(desk.screen), dict)
        assert "<img src=x>" in said(desk.screen)
        assert "\u202e" not in said(desk.screen)
    assert all("\u202e" not in str(button.attributes.get("aria-label", "")) for button in find(desk.screen, "button"))

"""The page without a browser: what a user does, and what is on the page then (outbox.md sections 5 and 6)."""

from __future__ import annotations

import statistics
from time import process_time  # noqa: TID251 - a stopwatch, of this process alone
from typing import Any

import pytest

from outboxsim.outbox import Reason, SendStatus, View
from outboxsim.scenario.people import COLUMNS
from outboxsim.widgets.page import Page
from outboxsim.widgets.preferences import FIRST_COLUMNS, Kept
from outboxsim.widgets.rows import folded, ordered
from outboxsim.widgets.session import Session
from tests.widgets.stage import scenario_of


def page_of(user: str = "lena", *, until: str = "1 min", kept: Kept | None = None, **keys: Any) -> Page:
    session = Session(scenario_of(**keys))
    session.run_until(until)
    return Page(session, user, kept or Kept())


def ids(page: Page) -> list[str]:
    return [email.id for email in page.emails()]


def mail(name: str, **keys: Any) -> dict[str, Any]:
    return {"id": name, "at": "0 s", "from": "lena", "to": f"{name}@kunde.example", "via": "strict", **keys}


def many(count: int, **keys: Any) -> Page:
    return page_of(emails=[mail(f"m{number}", subject=f"Subject {number}") for number in range(count)], **keys)


# Views: P1, P2, P4


def test_p1_who_leads_a_team_lands_on_team_others_on_mine() -> None:
    assert page_of("greta").view is View.TEAM
    assert page_of("lena").view is View.MINE
    assert page_of("kim").view is View.MINE


def test_p1_the_view_columns_and_page_size_are_those_kept() -> None:
    page = page_of(kept=Kept(view=View.ALL, columns=("subject", "to"), page_size=50))
    assert (page.view, page.columns, page.page_size) == (View.ALL, ("subject", "to"), 50)


def test_p1_the_scenario_gives_what_nobody_chose() -> None:
    page = page_of("tom", users={"tom": {"view": "team", "columns": ["subject", "to", "logged"], "page_size": 7}, "cy": {"admin": True}})
    assert (page.view, page.columns, page.page_size) == (View.TEAM, ("subject", "to", "logged"), 7)
    assert (page_of().columns, page_of().page_size) == (FIRST_COLUMNS, 20)
    assert set(FIRST_COLUMNS) == set(COLUMNS), "G1: all of them"


@pytest.mark.parametrize(
    ("user", "view", "expected"),
    [
        ("lena", View.MINE, ["waits", "closed-door", "given-up"]),
        ("lena", View.TEAM, ["waits", "closed-door", "given-up", "old", "notice"]),
        ("lena", View.SYSTEM, ["notice"]),
        ("udo", View.ALL, ["secret"]),
        ("cy", View.ALL, ["waits", "closed-door", "given-up", "old", "secret", "notice"]),
        ("kim", View.ALL, []),
    ],
)
def test_p2_views_in_order_of_submission(user: str, view: View, expected: list[str]) -> None:
    page = page_of(user)
    page.choose_view(view)
    assert ids(page) == expected


def test_p4_the_badge_counts_the_current_view_whatever_the_filter() -> None:
    page = page_of("greta")
    page.seek("nothing like it")
    assert (page.count, page.matching, ids(page)) == (5, 0, [])
    page.choose_view(View.MINE)
    assert page.count == 0


# G1, the columns


def test_g1_to_and_subject_cannot_be_taken_away() -> None:
    page = page_of()
    for name in ("to", "subject", "priority"):
        page.show_column(name, False)
    assert page.columns == tuple(name for name in FIRST_COLUMNS if name != "priority")
    page.choose_columns([])
    assert page.columns == ("to", "subject")


def test_g2_columns_are_ordered() -> None:
    page = page_of(kept=Kept(columns=("to", "subject", "logged")))
    page.show_column("priority", True)
    assert page.columns == ("to", "subject", "logged", "priority")
    page.move_column("priority", 0)
    page.move_column("to", 99)
    page.move_column("send_status", 1)  # not shown
    assert page.columns == ("priority", "subject", "logged", "to")
    page.show_column("priority", True)
    assert page.columns[0] == "priority"


def test_hiding_the_column_of_the_order_ends_the_order() -> None:
    page = many(3)
    page.sort_by("send_attempts")
    page.show_column("send_attempts", False)
    assert page.sort is None


# Order


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_sorts_both_ways_and_then_not_at_all(column: str) -> None:
    page = page_of("cy", kept=Kept(view=View.ALL))
    unsorted = ids(page)
    page.sort_by(column)
    ascending = ids(page)
    page.sort_by(column)
    assert sorted(ascending) == sorted(ids(page)) == sorted(unsorted)
    page.sort_by(column)
    assert (page.sort, ids(page)) == (None, unsorted)


def test_equal_ones_stay_in_order_of_submission_both_ways() -> None:
    page = many(5)
    for _ in range(2):
        page.sort_by("priority")
        assert ids(page) == ["m0", "m1", "m2", "m3", "m4"]


def test_what_is_missing_comes_last_both_ways() -> None:
    page = page_of("cy", kept=Kept(view=View.ALL))
    page.sort_by("last_send_attempt")
    assert ids(page)[-2:] == ["waits", "old"]
    page.sort_by("last_send_attempt")
    assert ids(page)[-2:] == ["waits", "old"]
    page.sort_by("work_item")
    assert ids(page) == ["secret", "waits", "given-up", "notice", "closed-door", "old"]
    page.sort_by("work_item")
    assert ids(page) == ["waits", "given-up", "notice", "secret", "closed-door", "old"]


def test_texts_are_ordered_without_case_and_accents_and_numbers_by_value() -> None:
    subjects = ["Zebra", "äpfel", "Apfel 10", "apfel 9", "", "Öl", "straße"]
    page = page_of(emails=[mail(f"m{number}", subject=subject) for number, subject in enumerate(subjects)])
    page.sort_by("subject")
    assert [email.subject for email in page.emails()] == ["äpfel", "apfel 9", "Apfel 10", "Öl", "straße", "Zebra", ""]
    page.sort_by("subject")
    assert [email.subject for email in page.emails()] == ["Zebra", "straße", "Öl", "Apfel 10", "apfel 9", "äpfel", ""]


def test_the_order_holds_while_emails_come() -> None:
    emails = [mail(f"m{number}", at=f"{number} min", subject=f"{(number * 7) % 10}") for number in range(10)]
    page = page_of(emails=emails, until="3 min")
    page.sort_by("subject")
    for minute in range(4, 10):
        page.session.run_until(f"{minute} min")
        page.look()
        assert [email.subject for email in page.emails()] == sorted(str((number * 7) % 10) for number in range(minute + 1))


def test_folding() -> None:
    assert folded("ÀÉÎ Straße ﬁ") == "aei strasse fi"
    assert ordered("T-10") > ordered("t-9")


# Filter


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GIVEN", ["given-up"]),
        ("a@kunde", ["waits"]),
        ("tom", ["old"]),
        ("closed", ["closed-door", "notice"]),
        ("T-1 up", ["given-up"]),
        ("c-2", ["secret"]),
        ("no such user", ["given-up", "secret"]),
        ("notice", ["notice"]),
        ("  ", ["waits", "closed-door", "given-up", "old", "secret", "notice"]),
        ("nothing", []),
    ],
    ids=["subject", "to", "sender", "connector or subject", "work item and subject", "work item", "error", "id", "blank", "nothing"],
)
def test_the_filter_looks_into_everything_that_is_shown(text: str, expected: list[str]) -> None:
    page = page_of("cy", kept=Kept(view=View.ALL))
    page.seek(text)
    assert ids(page) == expected


def test_the_filter_minds_neither_case_nor_accents() -> None:
    page = page_of(emails=[mail("m", subject="Grüße an ŽIŽKA, ΣΊΣΥΦΟΣ"), mail("n", subject="other")])
    for text in ("grüsse", "GRUSSE", "zizka", "σίσυφος", "Žiž"):
        page.seek(text)
        assert ids(page) == ["m"], text


def test_the_filter_sees_what_changes() -> None:
    page = page_of(emails=[mail("m", via="main", at="30 min"), mail("n")], until="10 min")
    page.seek("550")
    assert ids(page) == ["n"]
    page.session.act("disable", "main", by=None)
    page.seek("disabled")
    assert ids(page) == []
    page.session.run_until("31 min")
    page.look()
    assert ids(page) == ["m"]


def test_the_filter_by_status_takes_several() -> None:
    page = page_of("cy", kept=Kept(view=View.ALL))
    page.choose_status(SendStatus.FAILED, True)
    page.choose_status(SendStatus.QUEUED, True)
    assert ids(page) == ["waits", "given-up", "old", "secret"]
    assert page.state().counts == {
        SendStatus.QUEUED: 1,
        SendStatus.PENDING_RETRY: 0,
        SendStatus.CONNECTOR_DISABLED: 2,
        SendStatus.FAILED: 3,
    }
    page.choose_status(SendStatus.FAILED, False)
    assert ids(page) == ["waits"]
    page.choose_status(SendStatus.SENT, True)  # is in no outbox
    assert page.statuses == {SendStatus.QUEUED}
    page.reset_filter()
    assert page.matching == 6


# G2, the pages


def test_g2_pages_have_the_chosen_size_and_the_first_row_stays() -> None:
    page = many(55)
    page.resize(10)
    page.turn(3)
    assert ids(page)[0] == "m30"
    page.resize(20)
    assert (page.number, "m30" in ids(page), page.pages) == (1, True, 3)


def test_g2_pages_beyond_the_end_are_the_last_one() -> None:
    page = many(25)
    for number, first in ((99, "m20"), (-5, "m0"), (1, "m20")):
        page.turn(number)
        assert ids(page)[0] == first


def test_g2_the_last_page_gives_way_when_its_rows_are_gone() -> None:
    page = many(21)
    page.turn(1)
    page.session.act("cancel", "m20", by="lena")
    page.look()
    assert (page.number, page.pages, len(ids(page))) == (0, 1, 20)


def test_an_empty_outbox_has_one_page() -> None:
    page = page_of(emails=[])
    assert (page.pages, page.number, ids(page), page.state().first) == (1, 0, [], 0)


# Selection and bulk: G3


def test_g3_rows_ranges_pages_and_everything_can_be_selected() -> None:
    page = many(30)
    page.select("m3", True)
    page.select_to("m6")
    assert page.selected == ["m3", "m4", "m5", "m6"]
    page.select("m4", False)
    page.select_to("m2", chosen=True)
    assert page.selected == ["m2", "m3", "m4", "m5", "m6"]
    page.select_page(True)
    assert len(page.selected) == 20
    page.select_all()
    assert len(page.selected) == 30
    page.select_page(False)
    assert page.selected == [f"m{number}" for number in range(20, 30)]
    page.clear_selection()
    assert page.selected == []


def test_g3_the_selection_survives_what_happens_and_loses_what_has_left() -> None:
    page = many(5)
    page.select_all()
    page.session.act("cancel", "m2", by="lena")
    page.session.run_until("2 min")
    page.look()
    assert page.selected == ["m0", "m1", "m3", "m4"]


def test_g3_what_the_filter_hides_is_not_selected_any_more() -> None:
    page = many(12)
    page.select_all()
    page.seek("m1")
    assert page.selected == ["m1", "m10", "m11"]
    page.reset_filter()
    assert page.selected == ["m1", "m10", "m11"]


def test_g3_the_selection_follows_the_order() -> None:
    page = many(3)
    page.select_all()
    page.sort_by("subject")
    page.sort_by("subject")
    assert page.selected == ["m2", "m1", "m0"]


def test_g3_after_going_back_in_time_the_selection_means_the_same_emails() -> None:
    page = many(5)
    page.session.run_until("30 min")
    page.session.act("submit", "own", by="lena", from_="lena", to="x@kunde.example", via="strict")
    page.look()
    page.select("m1", True)
    page.select("own", True)
    page.session.jump("10 min")
    page.look()
    assert page.selected == ["m1"]
    page.session.act("submit", "other", by="lena", from_="lena", to="x@kunde.example", via="strict")
    page.look()
    assert page.selected == ["m1"]


def test_g3_a_bulk_action_answers_for_each_email_and_one_refusal_stops_no_other() -> None:
    page = page_of("greta")
    page.select_all()
    page.session.act("cancel", "old", by="greta")  # behind the page's back
    result = page.bulk("retry")
    assert dict(result.answers) == {
        "waits": Reason.WRONG_STATUS,
        "closed-door": None,
        "given-up": None,
        "old": Reason.NOT_IN_OUTBOX,
        "notice": None,
    }
    assert page.state().result is result


def test_g3_a_bulk_cancel_empties_the_outbox() -> None:
    page = many(30)
    page.select_all()
    assert all(reason is None for _, reason in page.bulk("cancel").answers)
    assert (page.count, page.selected, page.number) == (0, [], 0)


def test_g3_rows_say_what_is_possible() -> None:
    rows = {row.email.id: (row.retry, row.cancel) for row in page_of("cy", kept=Kept(view=View.ALL)).state().rows}
    assert rows["waits"] == (Reason.WRONG_STATUS, None)
    assert rows["given-up"] == (None, None)
    flying = page_of(emails=[mail("m", via="main")], until="1 s").state().rows[0]
    assert (flying.retry, flying.cancel) == (Reason.IN_FLIGHT, Reason.IN_FLIGHT)


def test_p3_what_is_not_on_the_page_cannot_be_selected() -> None:
    page = page_of("lena")
    assert [page.select(name, True) for name in ("secret", "no-such", "old")] == [False, False, False]
    assert [page.select_to(name) for name in ("secret", "no-such", "old")] == [False, False, False]
    assert page.selected == []


# Fast enough


def big(count: int) -> Page:
    page = page_of(
        "cy",
        until="1 min",
        kept=Kept(view=View.ALL, page_size=50),
        emails=[],
        traffic=[{"name": "invoices", "from": ["lena", "tom"], "via": "strict", "arrivals": {"batch": count, "at": "09:00:10"}}],
    )
    page.sort_by("subject")
    page.seek("invoices")
    page.choose_status(SendStatus.FAILED, True)
    return page


def test_10000_emails_sorted_and_filtered_are_looked_through_in_8_ms() -> None:
    page = big(10_000)
    assert page.matching == 10_000
    took = []
    for number in range(20):
        page.session.act("retry", f"invoices-{number + 1}", by="cy")
        begun = process_time()
        page.look()
        page.state()
        took.append(process_time() - begun)
    assert statistics.median(took) < 0.008, took


def test_g3_1000_emails_are_retried_in_half_a_second() -> None:
    page = big(1_000)
    page.select_all()
    begun = process_time()
    assert len(page.bulk("retry").answers) == 1_000
    assert process_time() - begun < 0.5

"""Who sees what (P1 to P3)."""

from __future__ import annotations

import pytest

from outboxsim.outbox import People, View, WorkItemDesk


@pytest.fixture
def people():
    return People(
        teams={"payroll": (["greta"], ["lena", "tom"]), "billing": ([], ["udo", "tom"]), "legal": (["ida"], [])},
        access={"greta": frozenset({"billing"}), "cy": "all"},
        admins={"cy"},
        work_items={"T-1": WorkItemDesk("payroll", "udo"), "T-2": WorkItemDesk("payroll"), "T-3": WorkItemDesk("legal", "max")},
    )


def test_p1_leaders_are_members_too(people):
    assert people.teams_of("greta") == ("payroll",)
    assert people.mates_of("lena") == {"greta", "lena", "tom"}


def test_p1_teams_come_in_file_order(people):
    assert people.teams_of("tom") == ("payroll", "billing")


def test_p1_leaders_land_on_team_and_others_on_mine_until_they_choose(people):
    assert (people.view_of("greta"), people.view_of("lena"), people.view_of("cy")) == (View.TEAM, View.MINE, View.MINE)
    people.views["greta"] = View.ALL
    assert people.view_of("greta") is View.ALL


def test_p2_mine_is_what_i_sent(people):
    assert people.shows(View.MINE, "lena", "lena", None, system=False)
    assert not people.shows(View.MINE, "lena", "tom", None, system=False)
    assert not people.shows(View.MINE, "lena", None, "T-2", system=True)


def test_p2_team_is_what_my_team_sent_or_works_on(people):
    assert people.shows(View.TEAM, "lena", "tom", None, system=False)
    assert people.shows(View.TEAM, "lena", "ida", "T-2", system=False)
    assert people.shows(View.TEAM, "lena", None, "T-2", system=True)
    assert not people.shows(View.TEAM, "lena", "ida", None, system=False)


def test_p2_the_assignees_teams_work_on_an_item_instead_of_its_team(people):
    assert people.teams_working_on("T-1") == ("billing",)
    assert not people.shows(View.TEAM, "lena", None, "T-1", system=True)
    assert people.shows(View.TEAM, "udo", None, "T-1", system=True)


def test_p2_an_assignee_without_a_team_works_on_the_item_alone(people):
    assert people.works_on("max", "T-3")
    assert not people.works_on("ida", "T-3")


def test_p2_reassigning_leaves_the_team_alone(people):
    people.assign("T-2", "udo")
    assert people.work_items["T-2"] == WorkItemDesk("payroll", "udo")
    assert people.teams_working_on("T-2") == ("billing",)


def test_p2_access_looks_at_the_senders_teams_and_the_items(people):
    assert people.sees("greta", "udo", None)
    assert people.sees("greta", None, "T-1")
    assert not people.sees("greta", "ida", None)


def test_p2_system_shows_the_system_emails_of_all(people):
    assert people.shows(View.SYSTEM, "greta", None, "T-1", system=True)
    assert not people.shows(View.SYSTEM, "greta", "udo", None, system=False)
    assert not people.shows(View.SYSTEM, "lena", None, "T-1", system=True)


def test_p3_a_system_email_without_a_work_item_needs_access_to_all(people):
    assert people.sees("cy", None, None)
    assert not any(people.sees(user, None, None) for user in ("greta", "lena", "udo", "ida"))


def test_p3_admins_do_not_see_by_being_admins():
    people = People({"a": ([], ["x"])}, admins={"boss"})
    assert not people.sees("boss", "x", None)

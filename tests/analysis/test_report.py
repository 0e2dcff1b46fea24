"""The tables of a report against counting by hand, and what is made of them: text, HTML for notebooks, a page with plots."""

from __future__ import annotations

import re
import sys
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from outboxsim.analysis import report_figures
from outboxsim.analysis.metrics import METRICS
from outboxsim.analysis.report import TABLES, Report
from outboxsim.analysis.report_words import in_words
from outboxsim.analysis.result import Result
from outboxsim.engine import Simulation
from outboxsim.errors import ScenarioInvalid
from outboxsim.scenario import Select
from tests.engine.conftest import email, scenario_of
from tests.test_markup import EVIL, NAME, Reader, assert_harmless

FAILED = ("transient", "permanent", "connector_disabled", "suspended")


def busy(**keys):
    """A day around the night when clocks go back: failures of every kind, people of two teams, and emails of every fate."""
    return scenario_of(
        **{
            "start": "2026-10-24T12:00:00",
            "time_zone": "Europe/Berlin",
            "horizon": "1 d",
            "teams": {"payroll": {"leaders": ["greta"], "members": ["lena", "tom"]}, "billing": {"members": ["udo", "tom"]}},
            "users": {"cy": {"admin": True, "access": "all"}, "lena": {"undo_window": "10 min"}, "alone": {}},
            "connectors": {
                "main": {"default": True, "latency": "20 s", "transient_failure": 0.3, "permanent_failure": 0.05, "capacity": 3},
                "spare": {"breaker": {"failures": 2, "open_for": "5 min"}, "outages": [{"from": "23 h", "for": "2 h"}]},
                "closed": {"enabled": False},
            },
            "emails": [
                *(email("m1", "23 h 55 min"), email("m2", "1 h", send_at="2026-10-26T09:00:00"), email("m3", "2 h", migrated=True)),
                *(
                    email("m4", "3 h", via="closed"),
                    email("m5", "0 s", **{"from": "alone"}),
                    email("m6", "23 h 59 min 55 s", **{"from": "tom"}),
                ),
            ],
            "traffic": [
                {"name": "a", "from": ["udo", "tom"], "arrivals": {"poisson": "20 per h"}},
                {"name": "b", "from": ["tom"], "via": "spare", "arrivals": {"poisson": "10 per h"}},
            ],
            "timeline": [
                {"at": "10 h", "disable": "main", "by": "cy"},
                {"at": "11 h", "enable": "main", "by": "cy"},
                {"at": "12 h", "cancel": {"view": "all", "status": "failed"}, "by": "cy", "may_be_empty": True},
            ],
            **keys,
        }
    )


@pytest.fixture(scope="module")
def result():
    return Simulation(busy()).run()


@pytest.fixture(scope="module")
def report(result):
    return result.report()


@pytest.fixture(scope="module")
def page(report):
    return report.to_html()


def rows(table, column="index"):
    return table.set_index(table.columns[0]).to_dict("index")


# Tables


def test_a_report_is_a_mapping_of_tables_that_are_attributes_too(report):
    assert list(report) == list(TABLES)
    assert len(report) == len(TABLES)
    for name, table in report.items():
        assert isinstance(table, pd.DataFrame)
        assert getattr(report, name) is table
        assert getattr(type(report), name).__doc__
    with pytest.raises(KeyError, match="there is no table 'by_conector'; did you mean 'by_connector'"):
        report["by_conector"]


def test_metrics_are_those_of_the_run(report, result):
    values = dict(zip(report.metrics["metric"], report.metrics["value"], strict=True))
    assert {name.partition("(")[0] for name in values} == set(METRICS)
    assert values["sent"] == result.metric("sent")
    assert values["latency_p50"] == result.metric("latency_p50").total_seconds()
    assert values["delivered_within(15 min)"] == result.metric("delivered_within(15 min)")
    assert np.isnan(values["connector_load"])  # of several connectors none is selected
    assert set(report.metrics["unit"]) >= {"emails", "attempts", "s", "share", "actions"}


def test_emails_by_status(report, result):
    found = dict(zip(report.by_status["status"], report.by_status["emails"], strict=True))
    assert {status: number for status, number in found.items() if number} == dict(Counter(result.emails["status"]))
    assert report.by_status["share"].sum() == pytest.approx(1)


def test_attempts_by_connector(report, result):
    attempts = result.attempts
    for name, row in rows(report.by_connector).items():
        own = attempts[attempts["connector"] == name]
        assert row["attempts"] == len(own)
        assert {outcome: row[outcome] for outcome in ("accepted", *FAILED)} == {
            outcome: int((own["outcome"] == outcome).sum()) for outcome in ("accepted", *FAILED)
        }
        assert row["in_flight"] == own["outcome"].isna().sum()
        emails = result.emails[result.emails["connector"] == name]
        assert (row["emails"], row["sent"]) == (len(emails), int((emails["status"] == "sent").sum()))
    found = rows(report.by_connector)
    assert (found["spare"]["outages"], found["spare"]["in_outage"]) == (1, pd.Timedelta("1 h"))
    assert (found["main"]["disabled"], found["closed"]["disabled"]) == (pd.Timedelta("1 h"), pd.Timedelta(days=1))
    assert found["main"]["load"] == pytest.approx(result.metric("connector_load", of("main")))
    assert np.isnan(found["spare"]["load"])
    assert found["spare"]["latency_p95"] == result.metric("latency_p95", of("spare"))


def of(connector):
    return Select.model_construct(connector=connector, traffic=None, team=None, priority=None, system=None)


def test_failures_by_error(report, result):
    failures = result.attempts[result.attempts["outcome"].isin(FAILED)]
    table = report.by_error
    assert table["attempts"].sum() == len(failures)
    assert table["share"].sum() == pytest.approx(1)
    assert table["attempts"].is_monotonic_decreasing
    for row in table.to_dict("records"):
        own = failures[(failures["error"].fillna("") == row["error"]) & (failures["outcome"] == row["outcome"])]
        assert (row["attempts"], row["emails"]) == (len(own), own["email"].nunique())
        assert (row["first"], row["last"]) == (own["started"].min(), own["started"].max())
        assert row["connectors"] == ", ".join(sorted(own["connector"].unique()))


def test_attempts_by_number(report, result):
    table = report.by_attempt_number
    assert table["attempts"].sum() == len(result.attempts)
    assert table["attempt"].tolist() == sorted(result.attempts["attempt"].unique())
    assert table["sent_so_far"].iloc[-1] == pytest.approx((result.emails["status"] == "sent").mean())
    assert table["sent_so_far"].is_monotonic_increasing
    first = table.iloc[0]
    assert first["failure_share"] == pytest.approx(1 - first["accepted"] / (first["attempts"] - first["in_flight"]))


def test_hours_are_local_and_the_hour_that_comes_twice_counts_twice(report, result):
    table = report.by_hour
    started = Counter(instant.hour for instant in result.attempts["started"])
    assert table["attempts"].tolist() == [started[hour] for hour in range(24)]
    assert table["submitted"].sum() == len(result.emails)
    assert (result.attempts["started"].dt.strftime("%H%z") == "02+0200").any()
    assert (result.attempts["started"].dt.strftime("%H%z") == "02+0100").any()
    assert table["failures"].tolist() == report.failures_by_hour.sum().tolist()
    assert report.failures_by_hour.index.tolist() == ["main", "spare", "closed"]


def test_who_is_in_two_teams_counts_in_both_and_who_is_in_none_has_a_row(report, result):
    found = rows(report.by_team)
    teams = result.emails["team"].astype(object).where(result.emails["team"].notna(), "")
    for team in ("payroll", "billing"):
        assert found[team]["emails"] == sum(team in names.split(",") for names in teams)
    assert found[""]["emails"] == (teams == "").sum() == 1
    assert found["payroll"]["emails"] + found["billing"]["emails"] > len(result.emails)
    assert found["payroll"]["sent"] + found["payroll"]["cancelled"] + found["payroll"]["in_outbox"] == found["payroll"]["emails"]
    attempts = result.attempts[result.attempts["email"].isin(result.emails["id"][[("payroll" in names.split(",")) for names in teams]])]
    assert (found["payroll"]["attempts"], found["payroll"]["failures"]) == (len(attempts), attempts["outcome"].isin(FAILED).sum())


def test_every_email_in_the_outbox_has_a_reason(report, result):
    inside = result.emails[~result.emails["status"].isin(["sent", "cancelled"])]
    table = report.outbox
    assert sorted(table["id"]) == sorted(inside["id"])
    assert table["submitted"].is_monotonic_increasing
    assert (table["reason"] != "it waits").all()
    reasons = dict(zip(table["id"], table["reason"], strict=True))
    assert reasons["m1"] == "its undo window is open"
    assert reasons["m2"] == "it is scheduled for later"
    assert reasons["m4"] == "connector closed is disabled"
    assert reasons["m6"] == "an attempt is under way"
    assert report.outbox_reasons["emails"].sum() == len(table)
    assert report.outbox_reasons["emails"].is_monotonic_decreasing
    assert dict(zip(table["id"], table["age"], strict=True))["m1"] == pd.Timedelta("5 min")


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"emails": [email("m1", migrated=True)]}, "it came as failed from an older version"),
        ({"connectors": {"main": {"permanent_failure": 1.0}}}, "it failed permanently"),
        ({"connectors": {"main": {"transient_failure": 1.0}}, "retry": ["1 min"]}, "its retries are used up"),
        ({"connectors": {"main": {"transient_failure": 1.0}}, "retry": ["1 h"]}, "its last attempt failed, and its next one is to come"),
        (
            {"connectors": {"main": {"outages": [{"from": "0 s"}]}}, "retry": ["1 h"]},
            "connector main is in outage; its next attempt is to come",
        ),
        ({"connectors": {"main": {"latency": "1 h"}}}, "an attempt is under way"),
        (
            {"connectors": {"main": {"latency": "1 h", "capacity": 1}}, "emails": [email("m0"), email("m1")]},
            "it waits for its turn on the connector",
        ),
        (
            {"connectors": {"main": {"enabled": False}}, "timeline": [{"at": "5 min", "enable": "main", "by": "cy"}]},
            "it met its connector disabled; that is enabled again, and somebody has to retry it",
        ),
    ],
)
def test_why_an_email_is_still_there(keys, reason):
    result = Simulation(scenario_of(**{"horizon": "30 min", "emails": [email("m1")], **keys})).run()
    assert result.report().outbox.set_index("id").loc["m1", "reason"] == reason


def test_a_selection_narrows_every_table(result):
    team = result.report({"team": "billing"})
    emails = int(team.metrics["value"][0])
    assert emails < len(result.emails)
    assert team.by_status["emails"].sum() == emails
    assert team.by_hour["submitted"].sum() == emails
    assert team.by_connector["emails"].sum() == emails
    assert set(team.by_team["team"]) == {"billing", "payroll"}  # tom is in both
    with pytest.raises(ScenarioInvalid, match="did you mean 'billing'"):
        result.report({"team": "biling"})


def test_tables_of_files_say_the_same(result, report, tmp_path):
    result.save(tmp_path, format="parquet")
    read = Result.load(tmp_path).report()
    for name in TABLES:
        pd.testing.assert_frame_equal(read[name], report[name], check_dtype=False, check_categorical=False)


def test_a_run_without_emails_has_a_report_too():
    report = Simulation(scenario_of()).run().report()
    assert "There was no attempt." in repr(report)
    assert "The outbox is empty at the end." in repr(report)
    assert report.by_error.empty
    assert report.by_team.empty
    page = assert_harmless(report.to_html())
    assert "The outbox was empty all the time." in "".join(page.words)


# In words


def test_the_short_form_is_text(report):
    text = repr(report)
    assert "Attempts and failures by connector" in text
    assert max(map(len, text.splitlines())) < 170
    assert text.endswith("outages, disabled")


def test_numbers_are_written_for_people():
    table = pd.DataFrame(
        {
            "status": ["pending_retry", None],
            "share": [0.99953, 0.0],
            "lasted": pd.to_timedelta([3_661_000_123, None], unit="us"),
            "began": pd.to_datetime(["2026-03-02T09:00:00.123456", None]).tz_localize("Europe/Berlin"),
            "attempts": [12_345, 1],
        }
    )
    sheet = in_words(table)
    assert list(sheet.header) == ["status", "share", "length", "began", "attempts"]
    assert [list(row) for row in sheet.rows] == [
        ["pending retry", "99.95 %", "1 h 1 min 1 s", "2026-03-02 09:00:00", "12,345"],
        ["–", "0 %", "–", "–", "1"],
    ]
    assert list(sheet.words) == [0, 3]
    assert len(in_words(table, 1).rows) == 1


# HTML


def test_the_page_has_nothing_that_acts_and_nothing_from_elsewhere(page):
    read = assert_harmless(page)
    assert "http:" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https:" not in page
    policy = next(value for tag, name, value in read.attributes if (tag, name) == ("meta", "content") and "default-src" in value)
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert ("html", "lang", "en") in read.attributes


def test_ids_are_the_only_ones_and_references_lead_somewhere(page):
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    lead_to = re.findall(r'href="#([^"]+)"', page) + re.findall(r"url\(#([^)]+)\)", page) + re.findall(r'labelledby="([^"]+)"', page)
    assert {one for several in lead_to for one in several.split()} <= set(ids)


def test_the_numbers_at_the_top_keep_their_units(page, report):
    words = Reader(page).words
    values = dict(zip(report.metrics["metric"], (row[1] for row in in_words(report.metrics).rows), strict=True))
    assert words[words.index("Half are sent within") + 1] == values["latency_p50"]
    assert words[words.index("Sent within 15 min") + 1] == values["delivered_within(15 min)"]
    assert f"{words[words.index('Emails submitted') + 1]} emails" == values["submitted"]


def test_figures_are_drawn_for_wide_and_narrow_screens_and_told_in_words(page):
    assert page.count("<figure>") == 5
    assert page.count('class="wide"') == page.count('class="narrow"') == 5
    assert page.count('role="img"') == page.count("<desc ") == 10
    read = Reader(page)
    assert {"Emails in the outbox", "Share of emails", "Attempts of an email"} <= set(read.words)  # text is text in the plots, too
    assert "#222222" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)  # ink is the page's ink


def test_every_table_of_the_page_has_a_caption_and_scrolls_with_the_keyboard(page):
    assert page.count("<table>") == page.count("<caption") == page.count('tabindex="0"')
    headings = re.findall(r"<h(\d)", page)
    assert headings[0] == "1"
    assert set(headings[1:]) == {"2"}


def test_the_page_says_every_metric_with_its_definition(page):
    words = Reader(page).words
    for name in METRICS:
        assert any(word.partition("(")[0] == name for word in words), name
    assert " Attempts that had no chance: started while their connector was in outage or disabled." in words
    assert not re.search(r"<dd>[^/]*µs", page)


def test_the_same_run_gives_the_same_page(result, page):
    assert Report(result).to_html() == page


def test_g8_text_of_the_scenario_is_text_in_the_page():
    reply = "451 " + EVIL.replace("\x1b", "")
    scenario = busy(
        name=EVIL,
        description=EVIL,
        connectors={NAME: {"default": True, "transient_failure": {"probability": "50 %", "errors": {reply: 1}}}},
        emails=[email("m1", subject=EVIL)],
        traffic=[{"name": "a", "from": ["lena"], "arrivals": {"poisson": "5 per h"}}],
        timeline=[{"at": "1 h", "outage": NAME, "for": "1 h"}],
    )
    words = "".join(assert_harmless(Simulation(scenario).run().report().to_html()).words)
    assert "<script>alert(1)</script>" in words
    assert NAME in words


def test_a_long_outbox_is_cut_in_html_and_whole_as_a_table(monkeypatch, report):
    monkeypatch.setattr("outboxsim.analysis.report.MOST_ROWS", 2)
    assert f"The first 2 of {len(report.outbox):,}." in report.table_html("outbox")


def test_without_matplotlib_the_error_says_how_to_get_it(monkeypatch, report):
    for name in [
        name for name in sys.modules if name.startswith(("matplotlib", "outboxsim.analysis.")) and ("plot" in name or "svg" in name)
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for name in [name for name in sys.modules if name.startswith("matplotlib.")]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delattr("outboxsim.analysis.plots", raising=False)
    monkeypatch.delattr("outboxsim.analysis.plot_style", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'outboxsim\[plots\]'"):
        report_figures.figures_of(report.selected)


def test_a_report_is_saved(report, page, tmp_path):
    path = report.save(tmp_path / "report.html")
    assert path.read_text(encoding="utf-8") == page

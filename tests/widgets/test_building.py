"""Builder: for admins alone; every change an event with actor; schedules, access, history, export."""

from __future__ import annotations

import asyncio

import pytest

from outboxsim.engine.glance import activities, connectors_now, rights_now, settings_now
from outboxsim.outbox import Reason, Refused
from outboxsim.quantities import Constant
from outboxsim.retry import PRESETS, RetryPattern
from outboxsim.widgets.building import Building
from outboxsim.widgets.desktop import Malformed
from outboxsim.widgets.export import NotExportable
from outboxsim.widgets.nodes import find, plain, texts
from outboxsim.widgets.screens.builder import TABS
from tests.widgets.stage import BASE, Stage

MINUTE = 60_000_000
GESTURES = [
    ("builder.tab", ("export",)),
    ("builder.enable", ("closed",)),
    ("builder.disable", ("main",)),
    ("builder.choose", ("main",)),
    ("builder.outage", ("main",)),
    ("builder.settings", ("main",)),
    ("builder.pattern", ("",)),
    ("builder.preview", ("",)),
    ("builder.common", ()),
    ("builder.user", ("lena",)),
    ("builder.access", ("lena",)),
    ("builder.export", ()),
    ("builder.save", ()),
    ("builder.replace", ()),
]


def build(user="cy", *, folder=None, **keys):
    stage = Stage(user, **keys)
    stage.part = Building(stage, folder)
    stage.seat(stage.part)
    return stage


@pytest.fixture
def stage():
    return build()


def connector(stage, name):
    return next(one for one in connectors_now(stage.session.simulation) if one.name == name)


def said(stage):
    return texts(stage.part.screen())


def told(stage):
    return [(one.event, one.connector, one.actor) for one in activities(stage.session.simulation)]


def error_of(stage, name):
    return " ".join(texts(one) for one in find(stage.part.screen(), "span", key="error"))


# P3


@pytest.mark.parametrize("user", ["lena", "greta", "kim"])
def test_p3_who_is_no_admin_sees_no_builder(user):
    assert build(user).part.screen() is None


@pytest.mark.parametrize(("gesture", "arguments"), GESTURES)
def test_p3_a_forged_gesture_is_refused_and_changes_nothing(gesture, arguments):
    stage = build("greta")
    before = (told(stage), stage.session.elapsed, len(stage.session.actions))
    form = {"kind": "refuse", "duration": "1 h", "latency": "9 s", "pattern": "postfix", "admin": True, "all": True, "file": "x"}
    with pytest.raises(Refused) as refused:
        stage.do(gesture, *arguments, form=form)
    assert refused.value.reason is Reason.NOT_ADMIN
    assert not any(name in str(refused.value) for name in ("main", "closed", "lena", "postfix"))
    assert (told(stage), stage.session.elapsed, len(stage.session.actions)) == before


def test_p3_the_refusal_is_the_same_for_a_connector_that_does_not_exist():
    stage = build("greta")
    answers = set()
    for name in ("main", "no such thing"):
        with pytest.raises(Refused) as refused:
            stage.do("builder.disable", name)
        answers.add(str(refused.value))
    assert len(answers) == 1


def test_p3_every_gesture_of_builder_is_authorised():
    stage = build("greta")
    assert {gesture for gesture, _ in GESTURES} == set(stage.part.handlers())


def test_p3_who_lost_the_right_sees_no_builder_any_more(stage):
    stage.do("builder.access", "cy", form={"all": True, "admin": False})
    assert stage.part.screen() is None
    with pytest.raises(Refused):
        stage.do("builder.enable", "closed")


def test_p3_waiting_counts_only_the_emails_that_one_may_see():
    users = {**BASE["users"], "boss": {"admin": True}}
    stage = build("boss", users=users)
    row = next(one for one in find(stage.part.screen(), "tr") if one.key == "closed")
    assert [texts(cell) for cell in find(row, "td", class_="ob-number")] == ["0", "0"]
    stage.user = "cy"
    row = next(one for one in find(stage.part.screen(), "tr") if one.key == "closed")
    assert [texts(cell) for cell in find(row, "td", class_="ob-number")] == ["2", "0"]


# Connectors


def test_b2_connectors_are_switched_with_an_actor(stage):
    stage.do("builder.enable", "closed")
    stage.do("builder.disable", "main")
    assert told(stage) == [("connector_enabled", "closed", "cy"), ("connector_disabled", "main", "cy")]
    assert connector(stage, "closed").enabled
    assert not connector(stage, "main").enabled
    assert stage.announced == [("done", "closed is enabled now."), ("done", "main is disabled now.")]


@pytest.mark.parametrize("gesture", ["builder.enable", "builder.choose", "builder.outage", "builder.settings", "builder.pattern"])
def test_an_unknown_connector_is_malformed(stage, gesture):
    with pytest.raises(Malformed):
        stage.do(gesture, "nowhere")


def test_the_table_says_what_is_so_now(stage):
    stage.session.act("outage", "main", duration="20 min", kind="timeout", by="cy")
    row = texts(next(one for one in find(stage.part.screen(), "tr") if one.key == "main"))
    assert "Outage from" in row
    assert "connection timed out" in row
    assert "Enabled" in row
    assert "2 s" in row
    assert "Disabled" in texts(next(one for one in find(stage.part.screen(), "tr") if one.key == "closed"))


def test_c1_the_activity_history_is_shown_latest_first(stage):
    stage.do("builder.choose", "main")
    assert "Nothing has been changed yet" in said(stage)
    stage.do("builder.disable", "main")
    stage.do("builder.enable", "main")
    stage.do("builder.disable", "closed")
    stage.do("builder.common", form={"manual_retry": "once", "on_enable": "manual"})
    lines = [texts(one) for one in find(find(stage.part.screen(), "ol", key="history")[0], "li")]
    assert [line.split(" ·")[0].rstrip().endswith(what) for line, what in zip(lines, ("changed", "enabled", "disabled"), strict=True)] == [
        True
    ] * 3
    assert all("by cy" in line for line in lines)
    assert "A manual retry: once" in lines[0]


def test_c1_a_long_history_is_cut_and_says_so(stage):
    stage.do("builder.choose", "main")
    for _ in range(20):
        stage.do("builder.disable", "main")
        stage.do("builder.enable", "main")
    assert "10 older lines are not shown" in said(stage)


# Outages


@pytest.mark.parametrize(
    ("duration", "other", "until"), [("10 min", "", 10), ("30 min", "", 30), ("1 h", "", 60), ("other", "45 min", 45), ("end", "", None)]
)
def test_an_outage_begins_now_and_lasts(stage, duration, other, until):
    stage.do("builder.outage", "main", form={"kind": "refuse", "duration": duration, "other": other, "error": ""})
    outage = connector(stage, "main").outage
    began = stage.session.elapsed
    assert (outage.kind, outage.error, outage.began) == ("refuse", "connection refused", began)
    assert outage.until == (None if until is None else began + until * MINUTE)
    assert told(stage) == [("outage_began", "main", "cy")]


def test_an_outage_of_a_server_that_answers_needs_a_reply(stage):
    stage.do("builder.choose", "main")
    form = {"kind": "reject", "duration": "1 h", "other": "", "error": "busy"}
    stage.do("builder.outage", "main", form=form)
    assert "SMTP reply" in error_of(stage, "error")
    assert told(stage) == []
    stage.do("builder.outage", "main", form={**form, "error": "451 4.3.0 busy"})
    assert connector(stage, "main").outage.error == "451 4.3.0 busy"
    assert error_of(stage, "error") == ""


@pytest.mark.parametrize("other", ["", "soon", "0 s", "-5 min", "5"])
def test_a_duration_that_is_none_is_said_beside_its_field(stage, other):
    stage.do("builder.choose", "main")
    stage.do("builder.outage", "main", form={"kind": "refuse", "duration": "other", "other": other, "error": ""})
    assert error_of(stage, "other")
    [field] = find(stage.part.screen(), "input", name="other")
    assert field.attributes["aria-describedby"].endswith("-error")
    assert told(stage) == []


@pytest.mark.parametrize("form", [{"kind": "explode", "duration": "1 h"}, {"kind": "refuse", "duration": "1 y"}, {}])
def test_a_forged_outage_is_malformed(stage, form):
    with pytest.raises(Malformed):
        stage.do("builder.outage", "main", form=form)


def test_it_says_that_an_outage_cannot_be_ended_early(stage):
    stage.do("builder.choose", "main")
    assert "cannot be ended early" in said(stage)


# Settings


def settings(stage, **form):
    stage.do("builder.settings", "main", form={"latency": "2 s", "transient_failure": "0 %", "permanent_failure": "0 %", **form})


def test_b3_settings_change_with_an_actor_and_only_those_that_were_changed(stage):
    settings(stage, latency="5 s")
    assert connector(stage, "main").latency == Constant(5_000_000)
    [change] = activities(stage.session.simulation)
    assert (change.event, change.actor, change.detail) == ("setting_changed", "cy", {"connectors": {"main": {"latency": "5 s"}}})


def test_a_distribution_is_written_as_in_a_file_and_shown_so(stage):
    settings(stage, latency="{dist: exponential, mean: 3 s}")
    assert connector(stage, "main").latency.mean == 3_000_000
    stage.do("builder.choose", "main")
    [field] = find(stage.part.screen(), "input", name="latency")
    assert field.attributes["value"] == "{dist: exponential, mean: 3 s}"
    settings(stage, latency="{dist: exponential, mean: 3 s}")
    assert stage.announced[-1] == ("done", "Nothing was changed")


def test_shares_keep_the_replies_of_the_server():
    failing = {"probability": 0.1, "errors": {"421 too busy": 1}}
    stage = build(connectors={"main": {"default": True, "transient_failure": failing}, "closed": {}, "strict": {}})
    settings(stage, latency="0 s", transient_failure="20 %")
    share = connector(stage, "main").transient
    assert (share.probability, share.errors) == (0.2, (("421 too busy", 1.0),))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("latency", "2 parsec"),
        ("latency", ""),
        ("latency", "{dist: magic}"),
        ("latency", "[1, 2"),
        ("transient_failure", "120 %"),
        ("permanent_failure", "often"),
        ("permanent_failure", "null"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_changes(stage, field, value):
    stage.do("builder.choose", "main")
    settings(stage, **{field: value})
    [wrong] = find(stage.part.screen(), "input", aria_invalid="true")
    assert wrong.attributes["name"] == field
    assert stage.announced[-1][0] == "error"
    assert told(stage) == []


def test_shares_above_one_together_are_refused(stage):
    stage.do("builder.choose", "main")
    settings(stage, transient_failure="60 %", permanent_failure="50 %")
    assert "above 1 together" in error_of(stage, "permanent_failure")
    assert told(stage) == []


def test_b3_at_the_end_of_the_run_nothing_can_be_changed(stage):
    stage.session.jump("end")
    with pytest.raises(ValueError, match="is over"):
        settings(stage, latency="5 s")


# Patterns


def pattern(stage, form="", *, gesture="builder.pattern", **fields):
    stage.do(gesture, form, form={"pattern": "own text", "own": "", "limit": "", **fields})


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("1 min, 5 min, 15 min", ["1 min", "5 min", "15 min"]),
        ("7 min", ["7 min"]),
        ("[1 min, 5 min]", ["1 min", "5 min"]),
        ("postfix", "postfix"),
        ("{fixed: 30 min, max_attempts: 4}", {"fixed": "30 min", "max_attempts": 4}),
        ("exponential:\n  first: 1 min\nmax_age: 5 d", {"exponential": {"first": "1 min"}, "max_age": "5 d"}),
        ("{preset: exim, jitter: full}", {"preset": "exim", "jitter": "full"}),
    ],
)
def test_b1_a_pattern_is_a_table_a_name_or_any_yaml(stage, text, means):
    pattern(stage, own=text)
    assert settings_now(stage.session.simulation).retry == RetryPattern.from_mapping(means)
    assert told(stage) == [("setting_changed", None, "cy")]


def test_b1_a_preset_by_its_name_and_maximal_attempts(stage):
    pattern(stage, pattern="postfix", limit="6")
    now = settings_now(stage.session.simulation)
    assert (now.retry, now.attempt_limit) == (PRESETS["postfix"], 6)
    pattern(stage, pattern="postfix", limit="")
    assert settings_now(stage.session.simulation).attempt_limit is None


def test_b1_a_connector_has_its_own_and_gives_it_up_again(stage):
    pattern(stage, "main", pattern="exim", limit="3")
    assert (connector(stage, "main").own_retry, connector(stage, "main").own_attempt_limit) == (PRESETS["exim"], 3)
    assert connector(stage, "closed").own_retry is None
    pattern(stage, "main", pattern="", limit="")
    assert (connector(stage, "main").own_retry, connector(stage, "main").own_attempt_limit) == (None, None)


def test_b1_patterns_of_the_file_have_their_names():
    stage = build(retry_patterns={"gentle": ["1 h"]}, retry="gentle")
    stage.do("builder.tab", "retry")
    assert len(find(stage.part.screen(), "option", selected=True, value="gentle")) == 1
    pattern(stage, pattern="gentle")
    assert stage.announced[-1] == ("done", "Nothing was changed")
    pattern(stage, pattern="postfix")
    pattern(stage, own="gentle")
    assert settings_now(stage.session.simulation).retry.name == "gentle"


@pytest.mark.parametrize(
    "own", ["", "1 min, 5 parsec", "{fixed: 1 min, linear: {first: 1 min, step: 1 min}}", "[1 min", "standart", "5", "&a 1"]
)
def test_b1_what_is_no_pattern_is_said_beside_the_field(stage, own):
    stage.do("builder.tab", "retry")
    pattern(stage, own=own)
    [wrong] = find(stage.part.screen(), "textarea", aria_invalid="true")
    assert wrong.attributes["name"] == "own"
    assert wrong.attributes["value"] == own
    assert told(stage) == []


@pytest.mark.parametrize("limit", ["0", "-1", "many", "1.5", "9" * 30, "²"])
def test_b1_a_limit_that_is_none_is_said_beside_the_field(stage, limit):
    stage.do("builder.tab", "retry")
    pattern(stage, pattern="postfix", limit=limit)
    [wrong] = find(stage.part.screen(), "input", aria_invalid="true")
    assert wrong.attributes["name"] == "limit"
    assert told(stage) == []


def test_a_forged_pattern_is_malformed(stage):
    for form, name in (("", "magic"), ("", ""), ("main", "magic")):
        with pytest.raises(Malformed):
            pattern(stage, form, pattern=name)


def test_a_preview_shows_the_schedule_and_changes_nothing(stage):
    stage.do("builder.tab", "retry")
    pattern(stage, gesture="builder.preview", own="1 min, 5 min, 15 min")
    assert told(stage) == []
    [table] = find(stage.part.screen(), "table")
    rows = [[texts(cell) for cell in find(row, "td")] for row in find(find(table, "tbody")[0], "tr")]
    assert rows == [["1", "0 secs"], ["2", "1 min"], ["3", "6 mins"], ["4", "21 mins"]]
    assert "then it gives up" in said(stage)
    [picture] = find(stage.part.screen(), "img")
    assert picture.attributes["src"].startswith("data:image/png;base64,")
    assert picture.attributes["alt"]


def test_a_preview_with_jitter_has_three_instants_and_obeys_the_limit(stage):
    stage.do("builder.tab", "retry")
    pattern(stage, gesture="builder.preview", own="{fixed: 10 min, jitter: full}", limit="5")
    [table] = find(stage.part.screen(), "table")
    assert [texts(one) for one in find(table, "th")] == ["Attempt", "Earliest", "Median", "Latest"]
    assert len(find(find(table, "tbody")[0], "tr")) == 5
    assert "maximal attempts are reached" in said(stage)


def test_a_long_schedule_is_cut_in_the_table(stage):
    stage.do("builder.tab", "retry")
    pattern(stage, gesture="builder.preview", pattern="postfix")
    assert "more attempts" in said(stage)


def test_a_preview_is_drawn_beside_the_loop(stage):
    async def ask():
        stage.do("builder.tab", "retry")
        pattern(stage, gesture="builder.preview", pattern="exim")
        assert find(stage.part.screen(), "img") == []
        for _ in range(500):
            if stage.refreshed:
                return
            await asyncio.sleep(0.01)

    asyncio.run(ask())
    assert stage.refreshed == 1
    assert len(find(stage.part.screen(), "img")) == 1


def test_manual_retry_and_on_enable_are_chosen_for_all(stage):
    stage.do("builder.common", form={"manual_retry": "once", "on_enable": "resume"})
    now = settings_now(stage.session.simulation)
    assert (now.manual_retry, now.on_enable) == ("once", "resume")
    stage.do("builder.common", form={"manual_retry": "once", "on_enable": "resume"})
    assert stage.announced[-1] == ("done", "Nothing was changed")
    stage.do("builder.common", form={"manual_retry": "never", "on_enable": "resume"})
    assert stage.announced[-1][0] == "error"


# Access


def test_b2_access_to_other_teams_is_given_and_taken(stage):
    stage.do("builder.user", "lena")
    stage.do("builder.tab", "access")
    assert [texts(label).strip() for label in find(find(stage.part.screen(), "fieldset")[0], "label")] == ["billing"]
    stage.do("builder.access", "lena", form={"team0": True, "all": False, "admin": False})
    assert rights_now(stage.session.simulation, "lena") == (frozenset({"billing"}), False)
    assert stage.session.email("secret", by="lena")
    stage.do("builder.access", "lena", form={"team0": False, "all": True, "admin": True})
    assert rights_now(stage.session.simulation, "lena") == ("all", True)
    stage.do("builder.access", "lena", form={"team0": False, "all": False, "admin": False})
    assert rights_now(stage.session.simulation, "lena") == (frozenset(), False)
    stage.do("builder.access", "lena", form={})
    assert stage.announced[-1] == ("done", "Nothing was changed")
    assert [actor for _, _, actor in told(stage)] == ["cy"] * 3


def test_an_unknown_user_is_malformed(stage):
    for gesture in ("builder.user", "builder.access"):
        with pytest.raises(Malformed):
            stage.do(gesture, "nobody")


# Export


@pytest.fixture
def exported(tmp_path, monkeypatch):
    stage = build(folder=tmp_path)
    monkeypatch.setattr(stage.session, "export", lambda: "outboxsim: 1\n# Größe\n")
    stage.do("builder.tab", "export")
    stage.do("builder.export")
    return stage


def save(stage, file, gesture="builder.save"):
    stage.do(gesture, form={"file": file})


def test_the_lesson_is_shown_as_a_file(exported):
    [area] = find(exported.part.screen(), "textarea")
    assert area.attributes["value"] == "outboxsim: 1\n# Größe\n"
    assert area.attributes["readonly"]


def test_it_is_saved_beside_the_notebook_and_never_over_a_file_unasked(exported, tmp_path):
    save(exported, "lesson")
    assert (tmp_path / "lesson.outbox.yaml").read_text(encoding="utf-8") == "outboxsim: 1\n# Größe\n"
    (tmp_path / "lesson.outbox.yaml").write_text("mine")
    save(exported, "lesson.yaml")
    assert (tmp_path / "lesson.outbox.yaml").read_text() == "mine"
    assert "There is a file of this name" in said(exported)
    save(exported, "lesson.outbox.yaml", "builder.replace")
    assert (tmp_path / "lesson.outbox.yaml").read_text(encoding="utf-8") == "outboxsim: 1\n# Größe\n"


def test_a_forged_replacement_replaces_nothing(exported, tmp_path):
    (tmp_path / "a.outbox.yaml").write_text("mine")
    (tmp_path / "b.outbox.yaml").write_text("mine")
    save(exported, "a", "builder.replace")  # nobody was asked
    save(exported, "b")
    save(exported, "a", "builder.replace")  # asked about another one
    assert {file.read_text() for file in tmp_path.iterdir()} == {"mine"}


@pytest.mark.parametrize("file", ["", "../x", "/etc/x", "a/b", "a\\b", ".hidden", "..", "a\x00b", "x" * 200, "c:x"])
def test_only_a_file_name_is_taken(exported, tmp_path, file):
    save(exported, file)
    assert list(tmp_path.iterdir()) == []
    assert "no file name" in said(exported)


def test_a_link_is_not_followed(exported, tmp_path):
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / "link.outbox.yaml").symlink_to(target)
    save(exported, "link")
    save(exported, "link", "builder.replace")
    assert target.read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_said(exported, tmp_path):
    exported.part._saving._folder = tmp_path / "nowhere"
    save(exported, "lesson")
    assert "cannot be written" in said(exported)


def test_what_cannot_be_exported_is_announced(stage, monkeypatch):
    def refuse():
        raise NotExportable("because")

    monkeypatch.setattr(stage.session, "export", refuse)
    stage.do("builder.tab", "export")
    stage.do("builder.export")
    assert stage.announced == [("error", "because")]
    assert find(stage.part.screen(), "textarea") == []


# The screen


@pytest.mark.parametrize("language", ["en", "de"])
def test_everything_has_a_label_and_a_key_of_its_own(language):
    stage = build(language=language)
    stage.do("builder.choose", "main")
    stage.do("builder.user", "lena")
    for tab in TABS:
        stage.do("builder.tab", tab)
        screen = stage.part.screen()
        labels = {label.attributes.get("for") for label in find(screen, "label")}
        inside = {id(control) for label in find(screen, "label") for control in find(label, "input")}
        for control in [*find(screen, "input"), *find(screen, "select"), *find(screen, "textarea")]:
            assert control.attributes.get("id") in labels or id(control) in inside
        assert all(texts(button).strip() for button in find(screen, "button"))
        ids = [one.attributes["id"] for tag in ("input", "select", "textarea") for one in find(screen, tag) if "id" in one.attributes]
        assert len(ids) == len(set(ids))
        assert plain(screen)["t"] == "section"


def test_a_tab_that_is_none_is_malformed(stage):
    with pytest.raises(Malformed):
        stage.do("builder.tab", "magic")


def test_g8_names_are_shown_as_text():
    evil = "<b>\u202e"
    stage = build(connectors={evil: {"default": True}, "closed": {}, "strict": {}})
    stage.do("builder.choose", evil)
    stage.do("builder.disable", evil)
    assert "\u202e" not in said(stage)
    assert "<b>⟨U+202E⟩" in said(stage)

"""P3: whatever a browser sends, nobody gets more than he may; what is no gesture does nothing and stops nothing."""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outboxsim.outbox import Reason, View
from outboxsim.scenario.people import COLUMNS
from outboxsim.widgets.app import OutboxApp
from outboxsim.widgets.nodes import find, texts
from outboxsim.widgets.preferences import FIRST_COLUMNS
from outboxsim.widgets.words import Words
from tests.widgets.stage import page_app, screen_of, tell

#: Gestures that name an email; those of undoing and writing again are the sender's alone.
ON_EMAILS = [
    "email.details",
    "email.retry",
    "email.cancel",
    "email.send_now",
    "page.select",
    "page.toggle",
    "page.select_to",
    "undo.undo",
    "undo.send_now",
    "undo.review",
    "undo.hide",
    "compose.again",
]
#: They reach the simulation, which records the refusal.
ON_RECORD = {"undo.undo", "undo.send_now"}

ON_WORK_ITEMS = ["work_item.open", "work_item.split", "work_item.share", "work_item.merge", "work_item.assign"]


@pytest.fixture
def app(tmp_path: Path) -> OutboxApp:
    return page_app(tmp_path, "lena")


def trees(app: OutboxApp) -> str:
    return json.dumps({name: view.tree for name, view in app.views.items()}, sort_keys=True)


def state(app: OutboxApp) -> dict[str, Any]:
    """Everything about every email, for whoever runs the simulation."""
    return {email: app.session.email(email, by=None) for email in ("waits", "closed-door", "given-up", "old", "secret", "notice")}


def said(app: OutboxApp) -> str:
    return "".join(texts(region) for region in find(screen_of(app), key="announcements")).strip()


@pytest.mark.parametrize("gesture", ON_EMAILS)
def test_p3_an_email_that_one_may_not_see_is_answered_as_one_that_does_not_exist(tmp_path: Path, gesture: str) -> None:
    answers = []
    for email in ("secret", "nosuch"):
        app = page_app(tmp_path, "lena")
        before, actions, now = state(app), len(app.session.actions), app.session.elapsed
        tell(app, gesture, email, value=True)
        assert state(app) == before
        assert gesture in ON_RECORD or (len(app.session.actions), app.session.elapsed) == (actions, now)
        assert app.page.selected == []
        answers.append((said(app).replace(email, "?"), trees(app).replace(email, "?")))
    assert answers[0] == answers[1]
    assert "Secret" not in answers[0][1]


@pytest.mark.parametrize("gesture", ON_WORK_ITEMS)
def test_p3_a_work_item_that_one_may_not_see_is_answered_as_one_that_does_not_exist(tmp_path: Path, gesture: str) -> None:
    answers = []
    for item in ("C-2", "C-9"):
        app = page_app(tmp_path, "lena")
        before = state(app)
        tell(app, gesture, item, form={"assignee": "lena", "item T-1": True})
        assert state(app) == before
        assert not [action for action in app.session.actions if action.refused is None]
        answers.append(trees(app).replace(item, "?"))
    assert answers[0] == answers[1]


def test_p3_a_selection_of_what_one_may_not_see_reaches_nothing_in_bulk(app: OutboxApp) -> None:
    before = state(app)["secret"]
    tell(app, "page.select", "secret", value=True)
    tell(app, "page.view", value="all")
    tell(app, "page.select_all")
    assert "secret" not in app.page.selected
    tell(app, "bulk.cancel")
    assert state(app)["secret"] == before
    assert "secret" not in trees(app)


def test_p3_what_was_selected_before_the_rights_were_lost_is_refused_too(tmp_path: Path) -> None:
    app = page_app(tmp_path, "cy")
    tell(app, "page.view", value="all")
    tell(app, "page.select_all")
    tell(app, "email.details", "secret")
    app.session.act("change", {"users": {"cy": {"access": []}}}, by=None)
    tell(app, "bulk.retry")
    assert state(app)["secret"].attempts == 1
    assert "Secret" not in trees(app)
    tell(app, "email.cancel", "secret")
    assert said(app).endswith(f"Refused: {Words('en').reason(Reason.UNKNOWN_EMAIL)}.")


def test_p3_builder_is_for_admins(app: OutboxApp) -> None:
    before = [app.session.simulation.is_enabled(name) for name in app.session.scenario.connectors]
    form = {
        "kind": "refuse",
        "duration": "end",
        "error": "",
        "latency": "1 h",
        "admin": True,
        "access": "all",
        "pattern": "postfix",
        "file": "x",
    }
    gestures = [*sorted(name for name in app.gestures if name.startswith("builder.")), "page.builder"]
    assert len(gestures) > 10
    for gesture in gestures:
        for target in ("main", "closed", "lena", ""):
            tell(app, gesture, target, value="postfix", form=form)
    assert [app.session.simulation.is_enabled(name) for name in app.session.scenario.connectors] == before
    assert not app.session.is_admin("lena")
    assert not app.session.actions
    assert not texts(screen_of(app, "builder"))


def test_p3_nobody_changes_settings_of_others(app: OutboxApp) -> None:
    form = {
        "undo_number": "60",
        "undo_unit": "s",
        "language": "de",
        "page_size": "10",
        "user": "tom",
        "users": "tom",
        "by": "tom",
        "admin": True,
    }
    tell(app, "settings.save", "tom", value="tom", form=form)
    tell(app, "page.view", "tom", value="all")
    assert (app.session.undo_window("tom"), app.session.view_of("tom")) == (0, View.MINE)
    assert app.preferences.of("tom").language is None
    assert not app.session.is_admin("lena")


def test_p3_nobody_logs_in_as_somebody_who_is_not_offered(tmp_path: Path) -> None:
    app = page_app(tmp_path, "lena", app={"users": ["lena", "tom"]})
    for name in ("cy", "nobody", "", "LENA", "lena ", "__class__"):
        tell(app, "login.as", name)
        assert app.user == "lena"
        assert "There is no such user to log in as." in said(app)
    tell(app, "login.out")
    tell(app, "login.as", "cy")
    assert "Who are you?" in texts(screen_of(app))


# What is no gesture

MALFORMED: list[Any] = [
    None,
    "email.retry",
    [],
    42,
    {},
    {"gesture": None},
    {"gesture": 7, "arguments": []},
    {"gesture": ""},
    {"gesture": "no.such"},
    {"gesture": "__init__"},
    {"gesture": "email.retry"},
    {"gesture": "email.retry", "arguments": None},
    {"gesture": "email.retry", "arguments": "given-up"},
    {"gesture": "email.retry", "arguments": []},
    {"gesture": "email.retry", "arguments": [["given-up"]]},
    {"gesture": "email.retry", "arguments": [{"id": "given-up"}]},
    {"gesture": "email.retry", "arguments": [None]},
    {"gesture": "email.retry", "arguments": [7]},
    {"gesture": "email.retry", "arguments": ["x" * 2_000_000]},
    {"gesture": "email.retry", "arguments": ["\ud800"]},
    {"gesture": "email.retry", "arguments": [f"m{number}" for number in range(10_000)]},
    {"gesture": "page.sort", "arguments": ["shoe_size"]},
    {"gesture": "page.sort", "arguments": [0]},
    {"gesture": "page.view", "value": "everything"},
    {"gesture": "page.view", "value": True},
    {"gesture": "page.view"},
    {"gesture": "page.size", "value": "1000000000"},
    {"gesture": "page.size", "value": 20},
    {"gesture": "page.turn", "arguments": [1e300]},
    {"gesture": "page.turn", "arguments": [float("nan")]},
    {"gesture": "page.turn", "arguments": ["1"]},
    {"gesture": "page.turn", "arguments": [True]},
    {"gesture": "page.select", "arguments": ["given-up"], "value": "yes"},
    {"gesture": "page.select_page"},
    {"gesture": "page.status", "arguments": ["nonsense"], "value": True},
    {"gesture": "page.language", "value": "nl"},
    {"gesture": "page.filter", "value": None},
    {"gesture": "columns.show", "arguments": ["to"], "value": "no"},
    {"gesture": "columns.drop", "arguments": ["to"], "value": None},
    {"gesture": "columns.move", "arguments": ["to", "up"]},
    {"gesture": "settings.save", "form": {"undo_number": ["1"], "language": True}},
    {"gesture": "settings.save", "form": {"undo_number": "1", "undo_unit": "years"}},
    {"gesture": "settings.save", "form": {"undo_number": "1", "language": "nl"}},
    {"gesture": "settings.save", "form": "undo_number"},
    {"gesture": "login.as", "arguments": [None]},
    {"gesture": "email.details", "arguments": ["given-up"], "extra": 1},
]


@pytest.mark.parametrize("message", MALFORMED, ids=[f"{number}" for number in range(len(MALFORMED))])
def test_what_is_malformed_does_nothing_and_is_said(app: OutboxApp, message: Any, caplog: pytest.LogCaptureFixture) -> None:
    before = state(app)
    app.receive(message)
    assert state(app) == before
    assert not app.session.actions
    assert said(app) == "The page did not understand this."
    assert (app.page.view, app.page.columns, app.page.page_size, app.page.number, app.user) == (View.MINE, FIRST_COLUMNS, 20, 0, "lena")
    assert not caplog.records


def test_a_large_page_number_is_the_last_page(app: OutboxApp) -> None:
    tell(app, "page.turn", 2**52)
    assert app.page.number == 0


def test_a_large_text_is_no_burden(app: OutboxApp) -> None:
    tell(app, "page.filter", value="x" * 900_000)
    assert app.page.matching == 0
    assert len(trees(app)) < 200_000
    tell(app, "email.retry", "x" * 900_000)
    assert len(trees(app)) < 200_000


def test_messages_through_the_widget_are_heard_the_same(app: OutboxApp) -> None:
    """As comm messages arrive: past every check of the browser's side."""
    for content in (
        {"gesture": "email.cancel", "arguments": ["secret"]},
        {"gesture": "builder.disable", "arguments": ["main"]},
        None,
        {"x": 1},
        [1, 2],
    ):
        app.views["page"]._handle_custom_msg(content, [])
    assert state(app)["secret"].status.in_outbox
    assert app.session.simulation.is_enabled("main")
    app.views["page"].set_state({"tree": {"t": "script", "c": ["alert(1)"]}})
    assert "alert(1)" not in trees(app)


# Whatever comes

IDS = [
    "waits",
    "closed-door",
    "given-up",
    "old",
    "secret",
    "notice",
    "nosuch",
    "T-1",
    "C-2",
    "main",
    "closed",
    "lena",
    "tom",
    "cy",
    *COLUMNS[:4],
]
TEXTS = (
    st.sampled_from(
        [*IDS, "", "all", "mine", "de", "20", "600.0", "inf", "failed", "x" * 5_000, "\u202e", "<script>", "10 min", "\x00", "now"]
    )
    | st.text()
)
VALUES = TEXTS | st.booleans() | st.none()
ARGUMENTS = st.lists(VALUES | st.integers(-3, 12) | st.integers(), max_size=3)
FIELDS = st.sampled_from(
    ["undo_number", "undo_unit", "language", "page_size", "to", "cc", "bcc", "subject", "body", "priority", "work_item", "when", "send_at"]
) | st.sampled_from(["moment", "assignee", "kind", "duration", "error"])
FORMS = st.none() | st.dictionaries(FIELDS | st.text(max_size=10), TEXTS | st.booleans() | st.lists(TEXTS, max_size=3), max_size=8)


class Complaints(logging.Handler):
    """What the page could not deal with."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(self.format(record))


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    handler = Complaints()
    logging.getLogger("outboxsim").addHandler(handler)
    yield handler
    logging.getLogger("outboxsim").removeHandler(handler)


async def bombard(messages: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        app = page_app(Path(folder), "lena", app={"users": ["lena", "tom"]})
        for message in messages:
            app.receive(message)
            assert "Secret" not in trees(app)
        secret = app.session.simulation.email("secret") if app.session.elapsed else None
        assert secret is None or secret.attempts == 1
        result = app.session.simulation.result
        assert result.metric("submitted") == sum(result.metric(name) for name in ("in_outbox", "sent", "cancelled"))  # type: ignore[misc]
        assert {action.by for action in app.session.actions} <= {"lena", "tom"}
        assert app.user in ("lena", "tom")
        assert app.views["page"].tree
        app.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_comes_nothing_is_lost_and_nothing_is_seen(complaints: Complaints, gestures: list[str], data: st.DataObject) -> None:
    message = st.fixed_dictionaries(
        {"gesture": st.sampled_from(gestures), "arguments": ARGUMENTS, "value": VALUES, "form": FORMS},
    )
    asyncio.run(bombard(data.draw(st.lists(message, min_size=1, max_size=10))))
    assert complaints.records == []


@pytest.fixture(scope="module")
def gestures(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return sorted(page_app(tmp_path_factory.mktemp("gestures"), "lena").gestures)

"""P1: what a user chose is kept after logging out and in, and over restarts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from outboxsim.outbox import View
from outboxsim.widgets.preferences import Kept, Preferences


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "preferences.json"


def test_p1_choices_are_kept_over_restarts(path: Path) -> None:
    Preferences(path).change(
        "lena", view=View.ALL, columns=("subject", "to", "logged"), page_size=50, undo_window=90_000_000, language="de"
    )
    assert Preferences(path).of("lena") == Kept(View.ALL, ("subject", "to", "logged"), 50, 90_000_000, "de")
    assert Preferences(path).of("tom") == Kept()


def test_p1_the_file_is_for_people_too(path: Path) -> None:
    Preferences(path).change("lena", view=View.MINE, undo_window=90_000_000)
    assert json.loads(path.read_text()) == {"users": {"lena": {"view": "mine", "undo_window": "1 min 30 s"}}}


def test_g1_to_and_subject_cannot_be_taken_away(path: Path) -> None:
    preferences = Preferences(path)
    preferences.change("lena", columns=("logged", "subject", "logged"))
    assert preferences.of("lena").columns == ("to", "logged", "subject")


def test_keys_of_others_are_kept(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('{"colour": "blue", "users": {"lena": {"shoe_size": 38}, "tom": {"page_size": 10}}}')
    Preferences(path).change("lena", page_size=100)
    assert json.loads(path.read_text()) == {
        "colour": "blue",
        "users": {"lena": {"shoe_size": 38, "page_size": 100}, "tom": {"page_size": 10}},
    }


def test_what_another_notebook_kept_meanwhile_stays(path: Path) -> None:
    one, other = Preferences(path), Preferences(path)
    one.change("lena", page_size=10)
    other.change("tom", page_size=20)
    assert Preferences(path).of("lena").page_size == 10


@pytest.mark.parametrize(
    "content",
    [b"{", b"[]", b"\xff\xfe", b"null", b"", b'"text"', b"[" * 100_000, b" " * (5 * 1024 * 1024)],
    ids=["half", "list", "no UTF-8", "null", "empty", "text", "deep", "large"],
)
def test_a_damaged_file_is_told_and_set_aside(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    preferences = Preferences(path)
    assert str(path) in preferences.problem
    assert preferences.of("lena") == Kept()
    preferences.change("lena", page_size=10)
    assert Preferences(path).of("lena").page_size == 10
    assert path.with_name("preferences.json.damaged").read_bytes() == content


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("view", "everything"),
        ("view", 3),
        ("view", ["mine"]),
        ("columns", "to"),
        ("columns", ["to", "shoe_size"]),
        ("columns", [["to"]]),
        ("page_size", 7),
        ("page_size", "20"),
        ("page_size", True),
        ("page_size", 20.0),
        ("undo_window", -1),
        ("undo_window", "soon"),
        ("undo_window", True),
        ("undo_window", 10**18),
        ("language", "nl"),
        ("language", {}),
    ],
)
def test_a_value_that_is_none_is_told_and_does_not_count(path: Path, name: str, value: object) -> None:
    path.parent.mkdir()
    path.write_text(
        json.dumps(
            {"users": {"lena": {name: value, "page_size" if name != "page_size" else "language": 10 if name != "page_size" else "de"}}}
        )
    )
    preferences = Preferences(path)
    kept = preferences.of("lena")
    assert getattr(kept, name) is None
    assert f"users.lena.{name}" in preferences.problem
    assert kept.page_size == 10 or kept.language == "de"
    with pytest.raises((ValueError, TypeError)):
        preferences.change("lena", **{name: value})


def test_a_file_that_cannot_be_written_is_told_and_the_choice_holds_for_now(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    preferences = Preferences(tmp_path / "file" / "preferences.json")
    preferences.change("lena", page_size=10)
    preferences.change("lena", language="de")
    assert preferences.of("lena") == Kept(page_size=10, language="de")
    assert "file" in preferences.problem
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("{}")
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    Preferences(tmp_path / "link.json").change("lena", page_size=10)
    assert (tmp_path / "link.json").is_symlink()
    assert "lena" in (tmp_path / "real.json").read_text()


def test_no_half_files_are_left(path: Path) -> None:
    preferences = Preferences(path)
    for size in (10, 20, 50):
        preferences.change("lena", page_size=size)
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_without_a_path_it_is_the_users_configuration_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tmp_path in Preferences().path.parents

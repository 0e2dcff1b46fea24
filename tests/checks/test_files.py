"""Which files a check is about."""

from __future__ import annotations

import os

import pytest

from outboxsim.checks.files import find


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("b.outbox.yaml", "a.outbox.yaml", "sub/deep/c.outbox.yaml", "sub/plain.yaml", "README.md"):
        (tmp_path / "scenarios" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "scenarios" / name).touch()
    (tmp_path / "scenarios" / "folder.outbox.yaml").mkdir()
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("folder")
class TestFind:
    def test_a_folder_is_every_scenario_file_below_it_sorted(self):
        names = ["a.outbox.yaml", "b.outbox.yaml", os.path.join("sub", "deep", "c.outbox.yaml")]
        assert find(["scenarios"]) == ([os.path.join("scenarios", name) for name in names], [])

    def test_a_file_is_itself_whatever_its_name(self):
        assert find(["scenarios/sub/plain.yaml"]) == (["scenarios/sub/plain.yaml"], [])

    def test_paths_keep_their_order_and_a_file_comes_once(self):
        files, missing = find(["scenarios/b.outbox.yaml", "scenarios", "./scenarios/a.outbox.yaml"])
        assert files[0] == "scenarios/b.outbox.yaml"
        assert len(files) == 3
        assert missing == []

    def test_a_path_that_does_not_exist_is_told(self):
        assert find(["nowhere", "scenarios/sub/deep"]) == ([os.path.join("scenarios", "sub", "deep", "c.outbox.yaml")], ["nowhere"])

    def test_a_folder_without_scenarios_has_none(self, tmp_path):
        (tmp_path / "empty").mkdir()
        assert find(["empty"]) == ([], [])

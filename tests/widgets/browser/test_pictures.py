"""The pictures in README.md and docs/page.md can be taken anew."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.widgets.browser.servers import ROOT


@pytest.mark.nightly
def test_pictures_can_be_taken_anew(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "docs" / "make_screenshots.py"), str(tmp_path)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert finished.returncode == 0, finished.stderr
    taken = {file.name: file.stat().st_size for file in tmp_path.iterdir()}
    assert sorted(taken) == sorted(file.name for file in (ROOT / "docs").glob("*.png"))
    assert max(taken.values()) <= 150_000

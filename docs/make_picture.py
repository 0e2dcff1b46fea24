"""Draws docs/demo.svg, the README's picture, from what `make demo` prints: `.venv/bin/python docs/make_picture.py`."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

import outboxsim
from outboxsim.terminal import run_summary

ROOT = Path(__file__).parents[1]


def picture() -> str:
    """The report of the real-input scenario as an SVG without anything from elsewhere in it."""
    console = Console(record=True, width=92, file=io.StringIO(), markup=False, emoji=False, highlight=False)
    console.print(run_summary(outboxsim.run(ROOT / "scenarios" / "real-office-october.outbox.yaml")))
    svg = console.export_svg(title="make demo")
    svg = re.sub(r"\s*@font-face \{.*?\}\n", "\n", svg, flags=re.DOTALL)
    return re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    (ROOT / "docs" / "demo.svg").write_text(picture(), encoding="utf-8")

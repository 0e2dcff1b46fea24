"""Draws docs/tuned.svg, the README's figure for the analyst, from what notebook 02 finds: `.venv/bin/python docs/make_figures.py`."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from outboxsim.analysis.plots import difference_forest

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "notebooks" / "02-tune-a-retry-pattern.ipynb"
SHOWN = ("delivered_within(4 h)", "attempts_per_sent")


def found_by_notebook() -> dict[str, Any]:
    """What the notebook's names hold at its end; its cells run here one after the other, in its folder."""
    os.chdir(NOTEBOOK.parent)
    names: dict[str, Any] = {}
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            code = "".join(line for line in cell["source"] if not line.startswith("%"))
            exec(compile(ast.parse(code), NOTEBOOK.name, "exec"), names)  # noqa: S102 - the project's own notebook
    return names


def figure_of(names: dict[str, Any]) -> Figure:
    """The finalists against the office's own pattern: what is gained above, what it costs below."""
    named = {names["winner"]: "tuned"}
    differences = names["final"].differences.rename(index=named, level="pattern")
    figure = Figure(figsize=(7.6, 4.2), layout="constrained", facecolor="white")
    for axes, metric in zip(figure.subplots(len(SHOWN), 1), SHOWN, strict=True):
        difference_forest(differences, metric, axes)
    figure.axes[1].get_legend().remove()
    return figure


if __name__ == "__main__":
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "tuned"}):
        figure_of(found_by_notebook()).savefig(ROOT / "docs" / "tuned.svg", metadata={"Date": None})

"""The notebooks: clean; the trainer's usable in both languages, with solutions that turn every check green (`make notebooks` runs all in kernels)."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from outboxsim.checks.tasks import Done
from outboxsim.scenario import load
from outboxsim.widgets import training

ALL = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
#: The trainer's begin with 1, the analyst's with 0.
FILES = [file for file in ALL if file.name.startswith("1")]
ANALYSTS = [file for file in ALL if file.name.startswith("0")]


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def cells(request):
    return json.loads(request.param.read_text(encoding="utf-8"))["cells"]


def code_of(cells):
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def test_there_is_one_for_each_lesson(request):
    opened = [
        name for file in FILES for name in training.names() if f'Lesson.open("{name}"' in file.read_text(encoding="utf-8").replace("\\", "")
    ]
    assert sorted(opened) == training.names()
    assert [file.name for file in FILES] == [
        "10-trainer-tour.ipynb",
        "11-connector-outage-lesson.ipynb",
        "12-undo-and-schedule-lesson.ipynb",
    ]


@pytest.mark.parametrize("file", ALL, ids=lambda path: path.stem)
def test_notebooks_are_kept_without_outputs(file):
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells if cell["cell_type"] == "code")


@pytest.mark.parametrize("file", ANALYSTS, ids=lambda path: path.stem)
def test_the_prose_of_an_analysts_notebook_cannot_go_stale(file):
    """Results are printed by cells; the texts between them hold no number but those of file names."""
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    assert any(text.startswith("## The decision") for text in texts)
    assert [text for text in texts if re.search(r"[0-9]", re.sub(r"`[^`]*`", "", text))] == []


def test_every_text_is_in_both_languages(cells):
    """Headings and paragraphs stand in English and German beside each other; what the class works on comes from the lesson's file."""
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    assert texts
    assert all(" · " in text.splitlines()[0] for text in texts if text.startswith("#"))


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_notebook_runs_in_both_languages(cells, language, monkeypatch, tmp_path):
    """From top to bottom, as the class gets it: nothing is done on the page, everything in the solution."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    names = {}
    for code in code_of(cells):
        tree = ast.parse(
            code.replace('language = "en"', f'language = "{language}"').replace("save_as = None", 'save_as = "kept.outbox.yaml"')
        )
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "notebook", "exec"), names)
        if last is not None:
            repr(eval(compile(ast.Expression(last.value), "notebook", "eval"), names))
    lesson, page = names["lesson"], names["page"]
    assert lesson.language == language
    assert {report.done for report in lesson.judge(page)} == {Done.NOT_YET}
    assert names["report"].all_done
    assert ("Aufgaben erledigt" in repr(names["report"])) == (language == "de")
    assert load("kept.outbox.yaml").name == lesson.title


def test_the_solution_is_folded_away(cells):
    solution = [cell for cell in cells if "solution" in cell["metadata"].get("tags", [])]
    assert len(solution) == 1
    assert solution[0] is cells[-1]
    assert solution[0]["metadata"]["jupyter"]["source_hidden"] is True

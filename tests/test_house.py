"""The house keeps its rules: who knows whom, no wall clock, no randomness but the run's own streams."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "outboxsim"
MODULES = sorted(PACKAGE.rglob("*.py"))

RANDOM_MODULES = {"random", "secrets", "uuid"}
CLOCK_MODULES = {"time"}
CLOCK_CALLS = {"now", "utcnow", "today", "today_in_system_tz", "now_in_system_tz"}
CLOCK_TYPES = {"datetime", "date", "Timestamp", "Instant", "ZonedDateTime", "PlainDateTime", "SystemDateTime"}
#: What of `numpy.random` has no state of its own beyond the seed it is given.
STATELESS = {"Generator", "SeedSequence", "BitGenerator", "PCG64", "PCG64DXSM", "Philox", "SFC64", "default_rng"}
MAY_KNOW_THE_TIME = ("widgets",)  # they run beside real people


def dotted(node: ast.expr) -> str:
    """`np.random.rand` as text; empty for what is no chain of names."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{dotted(value)}.{name}" if dotted(value) else ""
    return ""


def imported_modules(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def randomness(tree: ast.AST) -> Iterator[str]:
    """Every use of random numbers that two runs of one seed could differ in."""
    for line, module in imported_modules(tree):
        if module.split(".")[0] in RANDOM_MODULES or (module.startswith("numpy.random.") and module.split(".")[2] not in STATELESS):
            yield f"line {line}: import of {module}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            head, _, name = dotted(node).rpartition(".")
            if head in {"np.random", "numpy.random"} and name not in STATELESS:
                yield f"line {node.lineno}: {dotted(node)}"
            elif (head, name) == ("os", "urandom"):
                yield f"line {node.lineno}: os.urandom"
        elif isinstance(node, ast.Call) and dotted(node.func).endswith(("default_rng", "SeedSequence")) and not node.args + node.keywords:
            yield f"line {node.lineno}: {dotted(node.func)}() without a seed"


def clocks(tree: ast.AST) -> Iterator[str]:
    """Every look at the real time."""
    for line, module in imported_modules(tree):
        if module.split(".")[0] in CLOCK_MODULES:
            yield f"line {line}: import of {module}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            *owners, name = dotted(node.func).split(".")
            if name in CLOCK_CALLS and owners and owners[-1] in CLOCK_TYPES:
                yield f"line {node.lineno}: {dotted(node.func)}()"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_module_has_randomness_of_its_own(module: Path) -> None:
    assert list(randomness(ast.parse(module.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "module",
    [path for path in MODULES if path.relative_to(PACKAGE).parts[0] not in MAY_KNOW_THE_TIME],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_no_module_looks_at_the_wall_clock(module: Path) -> None:
    assert list(clocks(ast.parse(module.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "code",
    [
        "import random",
        "from random import choice",
        "from numpy import random\nfrom numpy.random import rand",
        "import numpy as np\nnp.random.seed(1)",
        "np.random.default_rng()",
        "np.random.SeedSequence()",
        "import uuid",
        "os.urandom(8)",
    ],
)
def test_randomness_is_found(code: str) -> None:
    assert list(randomness(ast.parse(code)))


def test_seeded_streams_are_no_randomness() -> None:
    code = "import numpy as np\nnp.random.Generator(np.random.PCG64(np.random.SeedSequence(7)))\nnp.random.default_rng(7)"
    assert list(randomness(ast.parse(code))) == []


@pytest.mark.parametrize(
    "code", ["import time", "from time import monotonic", "datetime.now()", "datetime.date.today()", "pd.Timestamp.now(tz=utc)"]
)
def test_clocks_are_found(code: str) -> None:
    assert list(clocks(ast.parse(code)))


def test_simulated_time_is_no_clock() -> None:
    assert list(clocks(ast.parse("from datetime import time\nsimulation.now\nself.env.now\nclock.now()"))) == []


def test_rooms_know_only_rooms_below_them() -> None:
    """The contracts of pyproject.toml, with import-linter; `make imports` shows the same more colourfully."""
    linter = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    finished = subprocess.run([sys.executable, "-c", linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "0 broken" in finished.stdout


def blocks(language: str, file: str = "README.md") -> list[str]:
    """The code blocks of README.md, or another file, in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / file).read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def test_what_readme_prints_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scenario with its expectations, every command on it, and the Python, in the reader's order."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lunch.outbox.yaml").write_text("".join(blocks("yaml")), encoding="utf-8")
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios" / "lifecycle")  # all of them are for `make scenarios`
    lines = "".join(blocks("console")).splitlines()
    commands = [shlex.split(line.removeprefix("$ .venv/bin/outboxsim "), comments=True) for line in lines]
    commands = [command for command in commands if command[0] != "$"]
    assert [command[0] for command in commands] == ["run", "run", "patterns", "patterns", "compare", "tune", "check", "check"]
    for command in commands:
        finished = subprocess.run([sys.executable, "-m", "outboxsim", *command], capture_output=True, text=True, check=False)
        assert finished.returncode == 0, f"{command}\n{finished.stdout}\n{finished.stderr}"
    names: dict[str, object] = {}
    for code in blocks("python"):
        exec(compile(code, "README.md", "exec"), names)


def test_what_the_trainers_page_prints_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lesson of one's own is one, and its solution, which it tells, solves it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name, text in zip(("monday.outbox.yaml", "monday.lesson.yaml"), blocks("yaml", "docs/page.md"), strict=True):
        (tmp_path / name).write_text(text, encoding="utf-8")
    names: dict[str, object] = {}
    for code in blocks("python", "docs/page.md"):
        exec(compile(code, "page.md", "exec"), names)


@pytest.mark.parametrize("file", ["README.md", "docs/page.md"])
def test_pictures_and_files_that_are_named_are_there(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")]
    links += [f"{'../' if file.startswith('docs') else ''}{path}" for path in re.findall(r"`(notebooks/[\w./-]+\.ipynb)`", text)]
    assert links
    assert [link for link in links if not ((ROOT / file).parent / link).is_file()] == []


@pytest.mark.parametrize("picture", sorted((ROOT / "docs").glob("*.png")), ids=lambda path: path.stem)
def test_pictures_of_the_page_are_small_and_in_use(picture: Path) -> None:
    """`docs/make_screenshots.py` takes them anew."""
    head = picture.read_bytes()
    assert (head[:8], int.from_bytes(head[16:20])) == (b"\x89PNG\r\n\x1a\n", 1280)
    assert len(head) <= 150_000
    assert f"]({picture.name})" in (ROOT / "docs" / "page.md").read_text(encoding="utf-8")


def test_readme_shows_what_make_demo_prints() -> None:
    """At 80 columns; blanks at the ends of lines aside."""
    demo = re.search(r"^DEMO_SCENARIO := (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert demo is not None
    command = [sys.executable, "-m", "outboxsim", "run", demo[1]]
    environment = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    printed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=True).stdout
    assert [line.rstrip() for line in printed.rstrip().splitlines()] == blocks("text")[0].splitlines()


def test_the_picture_shows_what_make_demo_prints() -> None:
    """Every word of the text stands in the picture; `docs/make_picture.py` draws it anew."""
    svg = (ROOT / "docs" / "demo.svg").read_text(encoding="utf-8")
    drawn = " ".join(re.findall(r">([^<]+)</text>", svg)).replace("&#160;", " ")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    printed = readme.split("```text\n", 1)[1].split("```", 1)[0]
    assert [word for word in printed.split() if word not in drawn and not set(word) <= set("▏▎▍▌▋▊▉█")] == []
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")

"""`outboxsim demo`: the page as a web page, on this machine alone, until Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest

from outboxsim.widgets import demo, training

COMMAND = [sys.executable, "-m", "outboxsim", "demo"]
NAMESPACES = re.compile(r"http://(www\.w3\.org|purl\.org|creativecommons\.org)/")


def run(*arguments, cwd=None):
    return subprocess.run([*COMMAND, *arguments], capture_output=True, encoding="utf-8", timeout=60, check=False, cwd=cwd)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The demo in German as lena, stopped by Ctrl-C; its address, and afterwards its process."""
    with socket.socket() as probe:
        probe.bind((demo.LOOPBACK, 0))
        port = str(probe.getsockname()[1])
    temporary = tmp_path_factory.mktemp("temporary")
    environment = {**os.environ, "TMPDIR": str(temporary), "XDG_CONFIG_HOME": str(temporary / "config")}
    process = subprocess.Popen(
        [*COMMAND, "--no-browser", "--port", port, "--user", "lena", "--language", "de"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line == f"The outbox page is at http://127.0.0.1:{port}/ (Ctrl-C ends it)\n"
        yield SimpleNamespace(address=f"http://127.0.0.1:{port}/", port=int(port), process=process, temporary=temporary)
    finally:
        process.kill()
        process.communicate()


def fetched(address, **headers):
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=60) as answer:
        return answer.read().decode("utf-8"), answer.headers


@pytest.mark.slow
def test_the_page_is_served_with_its_widget_and_asks_nobody_else(server):
    html, headers = fetched(server.address)
    assert NAMESPACES.sub("", html).count("http://") == html.count("https://") == 0
    assert '<html lang="de">' in html
    assert "connect-src 'self'" in headers["Content-Security-Policy"]
    assert "application/vnd.jupyter.widget-view+json" in html


@pytest.mark.slow
def test_who_comes_under_another_name_is_turned_away(server):
    """Against pages of other sites whose name is made to mean this machine."""
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetched(server.address, Host=f"outbox.example:{server.port}")


@pytest.mark.slow
def test_a_port_in_use_is_told(server):
    finished = run("--no-browser", "--port", str(server.port))
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr == f"outboxsim: port {server.port} is in use; choose another with --port\n"
    assert not demo.is_free(server.port)


@pytest.mark.slow
def test_ctrl_c_ends_it_and_leaves_nothing_behind(server):
    """The last test of the server: it is gone afterwards."""
    server.process.send_signal(signal.SIGINT)
    printed, complained = server.process.communicate(timeout=60)
    assert (server.process.returncode, printed) == (0, ""), complained
    assert "Traceback" not in complained
    assert [path.name for path in server.temporary.iterdir() if path.name != "config"] == []
    assert demo.is_free(server.port)


# What it is told ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (
            ["nowhere"],
            2,
            "outboxsim: nowhere: no such file, and no training scenario (there are: connector-outage, demo-day, undo-and-schedule)",
        ),
        (["--user", "gerta"], 2, "outboxsim: --user: 'gerta' is no user of the scenario (known: greta, lena, tom, udo, ina, max, cy)"),
        (["nobody.outbox.yaml"], 2, "outboxsim: nobody.outbox.yaml: there are no users, so nobody could log in"),
        (["bad.outbox.yaml"], 3, "bad.outbox.yaml:1:1: start: is missing"),
        (["--language", "fr"], 2, "Invalid value for '--language'"),
        (["--port", "0"], 2, "Invalid value for '--port'"),
    ],
)
def test_what_is_wrong_is_told_before_anything_starts(arguments, code, complaint, tmp_path):
    (tmp_path / "nobody.outbox.yaml").write_text(
        "outboxsim: 1\nstart: 2026-03-02T09:00:00\nhorizon: 1 h\nconnectors: {main: {}}\n", encoding="utf-8"
    )
    (tmp_path / "bad.outbox.yaml").write_text("outboxsim: 1\nhorizon: 1 h\n", encoding="utf-8")
    finished = run(*arguments, cwd=tmp_path)
    assert finished.returncode == code
    assert complaint in finished.stderr
    assert "Traceback" not in finished.stderr


def test_without_the_extra_it_says_what_to_install(tmp_path):
    """As if Voilà were not installed."""
    blocked = (
        "import importlib.util as u; find = u.find_spec; u.find_spec = lambda name, *rest: None if name == 'voila' else find(name, *rest)"
    )
    code = f"{blocked}; import sys; sys.argv = ['outboxsim', 'demo']; from outboxsim.cli import main; main()"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
    assert finished.returncode == 2
    assert finished.stderr == "outboxsim: the page needs voila; install what is missing with: pip install 'outboxsim[notebook]'\n"


@pytest.mark.parametrize("name", ["lena", "'); import os; os.abort() #", "<script>alert(1)</script>", '"\n'])
def test_names_reach_the_notebook_as_data(name, monkeypatch):
    """The notebook is the same whatever the command was told; names come in the environment."""
    told = {}
    monkeypatch.setattr(demo, "_app", lambda scenario, **options: told.update(options, scenario=scenario))
    monkeypatch.setenv(demo.USER, name)
    monkeypatch.setenv(demo.SCENARIO, f"/tmp/{name}.outbox.yaml")
    monkeypatch.delenv(demo.LANGUAGE, raising=False)
    demo.page()
    assert told == {"scenario": f"/tmp/{name}.outbox.yaml", "user": name, "language": None}


def test_what_is_exported_is_saved_where_the_command_was_given(tmp_path, monkeypatch):
    """Not beside the notebook, which is a part of the package."""
    monkeypatch.chdir(demo.FOLDER)
    monkeypatch.setattr(demo, "_app", lambda scenario, **options: Path.cwd())
    monkeypatch.setenv(demo.SAVED_IN, str(tmp_path))
    assert demo.page() == tmp_path


def test_the_notebook_only_shows_the_page():
    notebook = json.loads(demo.NOTEBOOK.read_text(encoding="utf-8"))
    assert ["".join(cell["source"]) for cell in notebook["cells"]] == ["from outboxsim.widgets.demo import page\n\npage()"]


def test_the_environment_is_as_it_was_afterwards(monkeypatch):
    monkeypatch.setenv(demo.USER, "greta")
    monkeypatch.delenv(demo.LANGUAGE, raising=False)
    with demo._environment({demo.USER: None, demo.LANGUAGE: "de"}):
        assert (os.environ.get(demo.USER), os.environ[demo.LANGUAGE]) == (None, "de")
    assert (os.environ[demo.USER], os.environ.get(demo.LANGUAGE)) == ("greta", None)


def test_a_busy_port_is_passed_over(monkeypatch):
    monkeypatch.setattr(demo, "is_free", lambda port: port >= demo.FIRST_PORT + 3)
    assert demo.free_port() == demo.FIRST_PORT + 3
    monkeypatch.setattr(demo, "is_free", lambda port: False)
    assert demo.free_port() is None


def test_the_demo_day_is_a_training_scenario():
    assert training.scenario_path(training.DEMO).is_file()
    assert Path(training.FOLDER).is_relative_to(Path(demo.FOLDER).parent)

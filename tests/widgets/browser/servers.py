"""JupyterLab, Notebook and Voilà as processes of their own: own settings, own folder, a free port, nobody else's."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
PATIENCE = 90.0  # seconds; the first start of a day reads everything from a cold disk
#: No questions about news, and no guided tour, in front of the page.
SILENT = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
#: No token: it listens on the loopback only, and lives as long as the tests.
JUPYTER = (
    "--ServerApp.token=",
    "--ServerApp.password=",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port_retries=0",
    "--ServerApp.allow_root=True",
    "--no-browser",
)
ARGUMENTS = {
    "lab": (
        "jupyterlab",
        *JUPYTER,
        "--expose-app-in-browser",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ),
    "notebook": ("notebook", *JUPYTER, "--expose-app-in-browser"),
    "voila": ("voila", "--no-browser", "--Voila.ip=127.0.0.1", "--show_tracebacks=True"),
}


@dataclass(frozen=True)
class Server:
    kind: str
    url: str
    folder: Path

    def write(self, name: str, cells: Sequence[str]) -> str:
        """A notebook of these code cells in the server's folder; gives its file name."""
        file = self.folder / f"{name}.ipynb"
        file.write_text(json.dumps(notebook(cells)), encoding="utf-8")
        return file.name


def notebook(cells: Sequence[str]) -> dict[str, Any]:
    """A notebook of code cells, as a file says it."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [
            {"id": f"cell-{index}", "cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": source}
            for index, source in enumerate(cells)
        ],
    }


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serving(kind: str, home: Path) -> Iterator[Server]:
    """A server of this kind with everything it writes below `home`."""
    folder = home / "notebooks"
    for name in ("notebooks", "config/labconfig", "data", "runtime", "ipython"):
        (home / name).mkdir(parents=True, exist_ok=True)
    (home / "config/labconfig/page_config.json").write_text(json.dumps(SILENT), encoding="utf-8")
    port = free_port()
    module, *options = ARGUMENTS[kind]
    place = [str(folder), f"--port={port}"] if kind == "voila" else [f"--ServerApp.port={port}", f"--ServerApp.root_dir={folder}"]
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "OUTBOXSIM_CONFIG": str(home / "config"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        "PYTHONWARNINGS": "ignore",
        "LANGUAGE": "en",
    }
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *options, *place], cwd=folder, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(process, url + ("/voila/tree" if kind == "voila" else "/api/status"), home / "server.log")
            yield Server(kind, url, folder)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer:\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}")

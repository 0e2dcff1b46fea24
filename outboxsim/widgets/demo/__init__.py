"""`outboxsim demo`: the outbox page as a web page of its own, served by Voilà to this machine alone.

Each visitor gets a kernel, and in it a session of his own. What the command was told reaches the notebook in environment variables:
it is data there, never code.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from outboxsim.widgets import training

if TYPE_CHECKING:
    from outboxsim.widgets.app import OutboxApp

FOLDER: Final = Path(__file__).parent
NOTEBOOK: Final = FOLDER / "outbox.ipynb"

#: Nobody else's machine gets at it: who opens the page runs a kernel here.
LOOPBACK: Final = "127.0.0.1"

#: Where Voilà usually listens; the first free one from here on.
FIRST_PORT: Final = 8866
_PORTS_TRIED: Final = 50

#: What the page needs of the extra `notebook`.
NEEDED: Final = ("anywidget", "ipywidgets", "babel", "voila")

SCENARIO: Final = "OUTBOXSIM_DEMO_SCENARIO"
USER: Final = "OUTBOXSIM_DEMO_USER"
LANGUAGE: Final = "OUTBOXSIM_DEMO_LANGUAGE"
SAVED_IN: Final = "OUTBOXSIM_DEMO_SAVED_IN"

#: How long the name of a kernel's socket is below the temporary folder: /voila_12345678/kernel-UUID-ipc-1.
_SOCKET_NAME: Final = 66

#: Of JupyterLab's extensions, those that show widgets; others are made for another Lab than Voilà's.
_EXTENSIONS: Final = ("@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "anywidget")

#: The browser itself sees to it that nothing comes from elsewhere; the widgets' modules are made of texts (`blob:`).
_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' blob:; style-src 'self' 'unsafe-inline' blob:;"
    " img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' blob: data:; frame-ancestors 'self'"
)


def missing() -> list[str]:
    """The packages of the extra `notebook` that the page needs and that are not installed."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def page() -> OutboxApp:
    """The page that the notebook shows, as the environment says."""
    if folder := os.environ.get(SAVED_IN):  # what is exported belongs there, not beside the notebook, which is the package's
        os.chdir(folder)
    scenario = os.environ.get(SCENARIO) or training.scenario_path(training.DEMO)
    return _app(scenario, user=os.environ.get(USER), language=os.environ.get(LANGUAGE))


def _app(scenario: str | Path, *, user: str | None, language: str | None) -> OutboxApp:
    from outboxsim.widgets.app import OutboxApp  # noqa: PLC0415 - the server itself needs no widgets

    return OutboxApp(scenario, user=user, language=language)


def free_port() -> int | None:
    """The first free port from `FIRST_PORT` on; None if there is none near it."""
    return next((port for port in range(FIRST_PORT, FIRST_PORT + _PORTS_TRIED) if is_free(port)), None)


def is_free(port: int) -> bool:
    """Whether nobody listens at a port of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what has just ended is no hindrance
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def serve(
    scenario: str, port: int, announce: Callable[[str], None], *, user: str | None = None, language: str | None = None, browser: bool = True
) -> None:
    """Serve the page until Ctrl-C.

    Parameters
    ----------
    scenario
        The scenario file.
    port
        Where to listen.
    announce
        Called with the page's address once it can be opened.
    user, language
        Who is logged in at first, and the language; left out: as the page chooses.
    browser
        Whether to open a browser.
    """
    given = {SCENARIO: os.path.abspath(scenario), USER: user, LANGUAGE: language, SAVED_IN: os.getcwd()}
    with tempfile.TemporaryDirectory(prefix="outboxsim-") as folder, _environment({**_jupyter(Path(folder)), **given}):
        from tornado.ioloop import IOLoop  # noqa: PLC0415 - an extra
        from tornado.web import HTTPError  # noqa: PLC0415
        from voila.app import Voila  # noqa: PLC0415 - reads the environment when it is imported

        def opened() -> None:
            address = f"http://{LOOPBACK}:{port}/"
            announce(address)
            if browser:  # some browsers return only when they are closed
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts it in the background has it ignored
        server = Voila(
            tornado_settings={"headers": {"Content-Security-Policy": _POLICY}, "allow_remote_access": False, "ws_ping_timeout": 30_000}
        )
        try:
            server.initialize(_arguments(port, language or "en"))
            IOLoop.current().add_callback(opened)  # when the loop runs, the server listens
            server.start()
        except KeyboardInterrupt:
            pass  # Ctrl-C is how it ends, also while it begins
        except HTTPError:
            pass  # raised at the end about a kernel that had gone already


def _arguments(port: int, language: str) -> list[str]:
    return [
        str(NOTEBOOK),
        "--no-browser",
        f"--port={port}",
        "--Voila.port_retries=0",
        f"--Voila.ip={LOOPBACK}",
        f"--Voila.root_dir={FOLDER}",
        "--Voila.log_level=ERROR",
        "--template=outboxsim",
        f"--VoilaExporter.language_code={language}",
        *(f"--VoilaConfiguration.extension_allowlist={name}" for name in _EXTENSIONS),
        f"--KernelManager.transport={_transport()}",
    ]


def _transport() -> str:
    """How server and kernels talk: by files, which only this user can open, where the system allows names as long as theirs."""
    import zmq  # noqa: PLC0415 - an extra

    return "ipc" if os.name == "posix" and len(tempfile.gettempdir()) + _SOCKET_NAME < zmq.IPC_PATH_MAX_LEN else "tcp"


def _jupyter(folder: Path) -> dict[str, str | None]:
    """A Jupyter that knows our template, and nothing of what this user has set up for other servers."""
    paths = [str(FOLDER / "jupyter"), *filter(None, os.environ.get("JUPYTER_PATH", "").split(os.pathsep))]
    return {
        "JUPYTER_PATH": os.pathsep.join(paths),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_PLATFORM_DIRS": "1",
    }


@contextmanager
def _environment(changes: Mapping[str, str | None]) -> Iterator[None]:
    """The environment with changes, for this process and the kernels that it starts."""
    before = {name: os.environ.get(name) for name in changes}
    _set(changes)
    try:
        yield
    finally:
        _set(before)


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value

"""A notebook in a browser, as the tests handle it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Dialog, Error, Locator, Page, Request

from tests.widgets.browser.servers import Server

SCREENSHOTS = Path(__file__).parent / "screenshots"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
FIRST_LOAD = 60_000  # ms
#: WCAG 2.2 AA and what axe calls best practices, for our part of the page only; a page's own landmarks and headings are Jupyter's.
AXE = {"resultTypes": ["violations"], "rules": {name: {"enabled": False} for name in ("region", "page-has-heading-one", "heading-order")}}

_numbers = itertools.count(1)

RUN_CODE = """
async (code) => {
  const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
  const future = kernel.requestExecute({code, store_history: false});
  let printed = "";
  future.onIOPub = (message) => {
    if (message.header.msg_type === "stream") printed += message.content.text;
    if (message.header.msg_type === "error") printed += message.content.traceback.join("\\n");
  };
  const reply = await future.done;
  return [reply.content.status, printed];
}
"""


FORGE = """
async ([comm_id, data]) => {
  const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
  const header = {msg_id: crypto.randomUUID(), msg_type: "comm_msg", session: kernel.clientId, username: "", date: "", version: "5.3"};
  kernel.sendShellMessage({header, parent_header: {}, metadata: {}, content: {comm_id, data}, channel: "shell", buffers: []});
}
"""


class Desk:
    """A page of Jupyter with one notebook, and what went wrong on it."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page = page
        self.server = server
        self.errors: list[str] = []
        self.outside: list[str] = []
        self.dialogs: list[str] = []
        page.on("pageerror", self._on_error)
        page.on("console", self._on_console)
        page.on("request", self._on_request)
        page.on("dialog", self._on_dialog)

    def _on_error(self, error: Error) -> None:
        self.errors.append(f"{error.message}\n{error.stack or ''}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url')})")

    def _on_dialog(self, dialog: Dialog) -> None:
        if dialog.type != "beforeunload":
            self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _on_request(self, request: Request) -> None:
        if request.url.startswith("http") and not request.url.startswith(self.server.url):
            self.outside.append(request.url)

    def our_errors(self) -> list[str]:
        """Those of modules that came as widgets, which load from blobs, and what anywidget says of them; Jupyter's own are not ours."""
        return [text for text in self.errors if "blob:" in text or "anywidget" in text or "outboxsim" in text]

    # ---- opening

    def open(self, cells: Sequence[str], query: str = "") -> Desk:
        """Open a notebook of these code cells, run them all, and wait for the page."""
        return self.open_file(self.server.write(f"page-{next(_numbers)}", cells), query)

    def open_file(self, name: str, query: str = "") -> Desk:
        """The same with a notebook that stands in the server's folder."""
        if self.server.kind == "voila":
            self.page.goto(f"{self.server.url}/voila/render/{name}{query}", wait_until="domcontentloaded", timeout=FIRST_LOAD)
        else:
            path = f"lab/workspaces/{name[:-6]}/tree" if self.server.kind == "lab" else "notebooks"
            self.page.goto(f"{self.server.url}/{path}/{name}", wait_until="domcontentloaded", timeout=FIRST_LOAD)
            self.page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.context?.isReady", timeout=FIRST_LOAD)
            self.page.evaluate("window.jupyterapp.shell.currentWidget.context.sessionContext.ready")
            if self.server.kind == "lab":
                self.command("application:toggle-left-area")
            self.command("notebook:run-all-cells")
        self.root.first.wait_for(timeout=FIRST_LOAD)
        return self

    def close(self) -> None:
        if self.server.kind != "voila" and "127.0.0.1" in self.page.url:
            self.page.evaluate("window.jupyterapp?.serviceManager.sessions.shutdownAll()")
        self.page.close()

    # ---- looking

    @property
    def root(self) -> Locator:
        return self.page.locator(".outboxsim")

    def screenshot(self, name: str) -> Path:
        SCREENSHOTS.mkdir(exist_ok=True)
        file = SCREENSHOTS / f"{name}.png"
        self.page.screenshot(path=file)
        return file

    def violations(self, selector: str = ".outboxsim") -> str:
        """What axe finds, readable; empty if nothing."""
        found = Axe().run(self.page, context={"include": [selector]}, options=AXE)
        return "" if found.violations_count == 0 else found.generate_report()

    def cells(self) -> int:
        return int(self.page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.length"))

    def mode(self) -> str:
        """Of the notebook: command or edit."""
        return str(self.page.evaluate("window.jupyterapp.shell.currentWidget.content.mode"))

    # ---- doing

    def command(self, name: str, **arguments: Any) -> None:
        """One of Jupyter's own commands."""
        self.page.evaluate("([name, args]) => void window.jupyterapp.commands.execute(name, args)", [name, arguments])

    def theme(self, name: str) -> None:
        self.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", THEMES[name])
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")
        self.page.wait_for_selector(f"body[data-jp-theme-light='{'true' if name == 'light' else 'false'}']", state="attached")

    def run(self, code: str) -> str:
        """Run code in the notebook's kernel, beside its cells; what it printed."""
        status, printed = self.page.evaluate(RUN_CODE, code)
        assert status == "ok", printed
        return str(printed)

    def forge(self, widget: str, data: dict[str, Any]) -> None:
        """Send the kernel what only the widget's own front end should: `widget` is an expression in the kernel."""
        self.page.evaluate(FORGE, [self.ask(f"{widget}.comm.comm_id"), data])
        self.run("")  # both go through the same queue

    def ask(self, expression: str) -> Any:
        """The value of a Python expression in the kernel."""
        return json.loads(self.run(f"import json; print(json.dumps({expression}))"))

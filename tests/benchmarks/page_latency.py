"""How long a change in Python takes until it stands in the page, in JupyterLab: `python -m tests.benchmarks.page_latency`.

Each tree carries the instant at which its making began (before the screen is built); an observer in the browser reads it at the
moment the page has changed. Kernel and browser share the machine's clock. What the browser then takes to paint is not measured.

A bulk action is measured in the browser alone, from the click to the moment its answer stands in the page.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.widgets.browser.conftest import CHROMIUM_ARGUMENTS, WINDOW, chromium
from tests.widgets.browser.desk import Desk
from tests.widgets.browser.servers import serving

#: Every view sends the beginning of the refresh that made its tree.
STAMPED = """
import time
from outboxsim.widgets import view as _view

_begun = [0.0]

def _stamped(refresh):
    def stamped(*arguments, **named):
        _begun[0] = time.time()
        return refresh(*arguments, **named)
    return stamped

def _plain(screen):
    described = _describe(screen)
    described["a"] = {**described.get("a", {}), "data-begun": repr(_begun[0])}
    return described

_describe, _view.plain = _view.plain, _plain
"""

OBSERVER = """
(page) => {
  window.delays = [];
  new MutationObserver((changes) => {
    const now = performance.timeOrigin + performance.now();
    for (const {target} of changes) if (target.matches(page)) window.delays.push(now - 1000 * Number(target.dataset.begun));
  }).observe(document.body, {subtree: true, attributeFilter: ["data-begun"]});
}
"""


#: From a click to the answer.
ANSWERS = """
() => {
  window.answers = [];
  let clicked = null;
  document.addEventListener("click", (event) => { clicked = event.timeStamp; }, {capture: true});
  new MutationObserver((changes) => {
    const added = changes.flatMap(({addedNodes}) => [...addedNodes]);
    if (clicked === null || !added.some((node) => node.matches?.(".ob-announcements p"))) return;
    window.answers.push([performance.now() - clicked, added.map((node) => node.textContent).join(" ")]);
    clicked = null;
  }).observe(document.querySelector(".ob-page"), {subtree: true, childList: true});
}
"""

BULK = 1_000


def sample(rows: int) -> tuple[str, ...]:
    """The sample page of the tests with so many rows of 14 cells, five times a second."""
    return (
        "from tests.widgets.browser.sample import Sample\nSample.refresh = _stamped(Sample.refresh)\n"
        f"sample = Sample({rows})\nsample.play(5)\nsample.view",
    )


#: Ten thousand emails that a dead connector keeps in the outbox, each tried again every ten minutes.
MANY = """
outboxsim: 1
name: Ten thousand emails wait
start: 2026-03-02T08:00:00
time_zone: Europe/Berlin
horizon: "12:00"
seed: 1
teams: {payroll: {leaders: [greta], members: [lena]}}
users: {greta: {}, lena: {address: payroll@acme.example}}
connectors: {office365: {default: true, outages: [{from: 0 s, until: end, kind: refuse}]}}
retry: [10 min, 10 min, 10 min, 10 min, 10 min, 10 min, 10 min, 10 min, 10 min, 10 min, 10 min, 10 min]
traffic: [{name: Abrechnung, from: [lena], arrivals: {every: 360 ms}, between: ["08:00", "09:00"], domains: {kunde.example: 1}}]
"""


def outbox(rows: int, speed: float = 10.0) -> tuple[str, ...]:
    """The outbox page with its charts over ten thousand emails, sorted and filtered, while the clock runs.

    At ten times real time 33 of the emails at the top give way to others between two redraws, at real time three.
    """
    return (
        "from pathlib import Path\nfrom outboxsim.widgets.app import OutboxApp\nOutboxApp.refresh = _stamped(OutboxApp.refresh)\n"
        f"Path('many.outbox.yaml').write_text({MANY!r}, encoding='utf-8')\n"
        "app = OutboxApp('many.outbox.yaml', user='greta', language='en', preferences='many.json')\n"
        "app.session.jump(3_600_000_000)\n"
        f"app.receive({{'gesture': 'page.size', 'value': '{rows}'}})\n"
        "app.receive({'gesture': 'page.sort', 'arguments': ['next_send_attempt']})\n"
        "app.receive({'gesture': 'page.filter', 'value': 'Abrechnung'})\n"
        f"app.player.play({speed})\nprint(app)\napp",
    )


@dataclass(frozen=True)
class Delays:
    """In milliseconds."""

    name: str
    delays: Sequence[float]
    characters: int

    def row(self) -> tuple[str, str, str, str, str, str]:
        percentiles = statistics.quantiles(self.delays, n=20)
        return (
            self.name,
            f"{len(self.delays)}",
            f"{self.characters / 1000:.0f} kB",
            f"{statistics.median(self.delays):.1f} ms",
            f"{percentiles[-1]:.1f} ms",
            f"{max(self.delays):.1f} ms",
        )


HEAD = ("page", "changes", "tree", "median", "95 of 100 within", "longest")


def measure(name: str, cells: Sequence[str], seconds: float, view: str = "sample.view", page: str = "[data-begun]") -> Delays:
    """Open the cells in JupyterLab and watch the page for so long."""
    with tempfile.TemporaryDirectory() as folder, serving("lab", Path(folder)) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
        desk = Desk(browser.new_page(viewport=WINDOW), server).open((STAMPED, *cells))
        desk.page.wait_for_timeout(3_000)  # the first redraws are slower
        desk.page.evaluate(OBSERVER, page)
        desk.page.wait_for_timeout(seconds * 1000)
        delays = desk.page.evaluate("window.delays")
        characters = desk.ask(f"len(json.dumps({view}.tree))")
        desk.close()
        browser.close()
    return Delays(name, delays, characters)


def measure_bulk(name: str, cells: Sequence[str], times: int) -> tuple[str, ...]:
    """Retry `BULK` emails so many times, each time others."""
    with tempfile.TemporaryDirectory() as folder, serving("lab", Path(folder)) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
        desk = Desk(browser.new_page(viewport=WINDOW), server).open((STAMPED, *cells))
        desk.page.wait_for_timeout(3_000)
        desk.page.evaluate(ANSWERS)
        for number in range(times):
            desk.run(f"app.page.resize({BULK}); app.page.turn({number}); app.page.select_page(True); app.page.resize(20); app.page.turn(0)")
            desk.page.get_by_text(f"{BULK:,} selected").wait_for()
            desk.page.get_by_role("button", name="Retry selected").click()
            desk.page.wait_for_function("before => window.answers.length > before", arg=number)
            desk.run("app.page.clear_selection()")
            desk.page.wait_for_timeout(1_000)
        answers = desk.page.evaluate("window.answers")
        desk.close()
        browser.close()
    assert all("being retried" in said for _, said in answers), answers
    delays = [delay for delay, _ in answers]
    return name, f"{len(delays)}", f"{statistics.median(delays):.0f} ms", f"{max(delays):.0f} ms"


BULK_HEAD = ("from the click to the answer", "times", "median", "longest")


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def report(seconds: float) -> str:
    """A bare page and the outbox, each with few rows and with many; then a bulk action."""
    bare = [measure(f"sample, {rows} rows of 14 cells", sample(rows), seconds) for rows in (20, 50)]
    full = [
        measure(f"outbox of 10,000 emails, {rows} rows, clock at {speed:g}×", outbox(rows, speed), seconds, "app.views['page']", ".ob-page")
        for rows, speed in ((20, 1.0), (20, 10.0), (50, 10.0))
    ]
    bulk = measure_bulk(f"retry of {BULK:,} emails out of 10,000, clock at 10×", outbox(20), max(2, round(seconds / 3)))
    return markdown(HEAD, [one.row() for one in (*bare, *full)]) + "\n" + markdown(BULK_HEAD, [bulk])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.page_latency", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long to watch each page")
    print(report(parser.parse_args().seconds))


if __name__ == "__main__":
    main()

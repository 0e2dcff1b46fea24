"""The command line (spec/scenario.md section 4): parse arguments, call, print. What a command needs is imported inside it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from outboxsim.cli_common import FAILED, OK, USAGE
from outboxsim.cli_common import complain as _complain
from outboxsim.cli_common import load_file as _load
from outboxsim.cli_studies import compare, tune

if TYPE_CHECKING:
    from outboxsim.analysis.result import Result
    from outboxsim.checks.verdict import FileReport
    from outboxsim.retry import Preset
    from outboxsim.scenario import Scenario

NOTHING_FOUND: Final = 5
INTERNAL: Final = 70
INTERRUPTED: Final = 130

#: `run --json` gives the share delivered within these, beside those that the file's expectations ask for.
DELIVERED_WITHIN: Final = ("1 min", "15 min", "1 h")

app = typer.Typer(
    name="outboxsim",
    help="Simulate an email outbox: what happens to emails when connectors fail, and what people and retry patterns do about it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class TableFormat(StrEnum):
    """How `run` writes tables."""

    csv = "csv"
    parquet = "parquet"


class ReportFormat(StrEnum):
    """How `check` reports."""

    text = "text"
    json = "json"
    github = "github"


File = Annotated[str, typer.Argument(metavar="FILE", help="A scenario file.", show_default=False)]
MaxEmails = Annotated[int, typer.Option("--max-emails", min=1, metavar="N", help="Refuse a file with more emails.")]
MaxEvents = Annotated[int, typer.Option("--max-events", min=1, metavar="N", help="Stop a run that passes so many events.")]


def main() -> NoReturn:
    """The entry point: runs the command and ends the process with its exit code, never with a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # what the console's encoding lacks is escaped, not an error
            stream.reconfigure(errors="backslashreplace")
    try:
        typer.main.get_command(app).main(prog_name="outboxsim")
    except KeyboardInterrupt:
        _complain("interrupted")
        sys.exit(INTERRUPTED)
    except Exception as fault:  # of outboxsim itself: everything else has its own message and exit code
        if os.environ.get("OUTBOXSIM_DEBUG") == "1":
            raise
        from outboxsim.checks.runner import one_line  # noqa: PLC0415

        _complain(f"internal error: {one_line(fault)} (OUTBOXSIM_DEBUG=1 shows where)")
        sys.exit(INTERNAL)
    sys.exit(OK)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"outboxsim {version()}")
        raise typer.Exit


def version() -> str:
    """The version of outboxsim that is installed."""
    from importlib import metadata  # noqa: PLC0415

    return metadata.version("outboxsim")


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")] = False,
) -> None:
    pass


# run --------------------------------------------------------------------------------------------------------------------------------


@app.command()
def run(
    file: File,
    *,
    out: Annotated[str | None, typer.Option("--out", metavar="DIR", help="Write the tables emails, attempts and events there.")] = None,
    table_format: Annotated[TableFormat, typer.Option("--format", help="How to write the tables.")] = TableFormat.csv,
    html: Annotated[str | None, typer.Option("--html", metavar="FILE", help="Write a report with plots there.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, metavar="N", help="Instead of the file's seed.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print scenario, seed, version and metrics as JSON.")] = False,
    max_emails: MaxEmails = 1_000_000,
    max_events: MaxEvents = 50_000_000,
) -> None:
    """Run a scenario once and print a summary."""
    from outboxsim.checks.runner import Limits  # noqa: PLC0415
    from outboxsim.errors import RunStopped  # noqa: PLC0415

    scenario = _load(file, Limits(max_emails, max_events))
    if html is not None:
        _require("matplotlib", "the report needs", extra="plots")
    from outboxsim.engine import Simulation  # noqa: PLC0415 - after the file's faults, which need no engine

    simulation = Simulation(scenario, seed=seed, max_events=max_events)
    code = OK
    try:
        simulation.run()
    except RunStopped as stopped:
        _complain(f"{file}: {stopped}")
        code = FAILED
    result = simulation.result
    if out is not None:
        _save(result, out, table_format)
    if html is not None:
        _write_report(result, html)
    if as_json:
        _print_metrics(scenario, result)
    else:
        _print_summary(result)
    raise typer.Exit(code)


def _save(result: Result, folder: str, table_format: TableFormat) -> None:
    try:
        result.save(folder, format=table_format.value)
    except OSError as unwritable:
        _complain(f"{folder}: the tables cannot be written: {unwritable.strerror or unwritable}")
        raise typer.Exit(USAGE) from None


def _require(module: str, why: str, *, extra: str) -> None:
    """End the command before it works for nothing, if a module of an extra is missing."""
    from importlib.util import find_spec  # noqa: PLC0415

    if find_spec(module) is None:
        _complain(f"{why} {module}, which comes with: pip install 'outboxsim[{extra}]'")
        raise typer.Exit(USAGE)


def _write_report(result: Result, file: str) -> None:
    try:
        result.report().save(file)
    except OSError as unwritable:
        _complain(f"{file}: the report cannot be written: {unwritable.strerror or unwritable}")
        raise typer.Exit(USAGE) from None


def _print_summary(result: Result) -> None:
    from outboxsim import terminal  # noqa: PLC0415

    target = terminal.console()
    target.print(terminal.run_summary(result, blocks=terminal.draws_blocks(target)))


def _print_metrics(scenario: Scenario, result: Result) -> None:
    import json  # noqa: PLC0415

    print(
        json.dumps(
            {"scenario": result.name, "seed": result.seed, "version": result.version, "metrics": metrics_of(scenario, result)}, indent=2
        )
    )


def metrics_of(scenario: Scenario, result: Result) -> dict[str, Any]:
    """Every metric of a run, as JSON writes it: durations in our words (``1 h 30 min``), null for one without a value.

    `delivered_within` comes for 1 min, 15 min and 1 h, and for every duration that the file's expectations ask for; `connector_load`
    is null if there are several connectors.
    """
    from outboxsim.analysis.metrics import METRICS, MetricError, kind_of, metric  # noqa: PLC0415
    from outboxsim.analysis.selection import Selected  # noqa: PLC0415
    from outboxsim.checks.writing import plain  # noqa: PLC0415

    selected = Selected(result)
    values: dict[str, Any] = {}
    for name in METRICS:
        for asked in _durations_asked(scenario) if name == "delivered_within" else (name,):
            try:
                values[asked] = plain(metric(selected, asked), kind_of(asked), result.clock)
            except MetricError:
                values[asked] = None
    return values


def _durations_asked(scenario: Scenario) -> Sequence[str]:
    """``delivered_within(D)`` for all durations to give, the shortest first."""
    from outboxsim.analysis.metrics import duration_of  # noqa: PLC0415
    from outboxsim.quantities import format_duration, parse_duration  # noqa: PLC0415

    asked = {parse_duration(text) for text in DELIVERED_WITHIN}
    for expectation in scenario.expect:
        asked |= {duration for name in getattr(expectation, "metrics", ()) if (duration := duration_of(name)) is not None}
    return [f"delivered_within({format_duration(duration)})" for duration in sorted(asked)]


# check ------------------------------------------------------------------------------------------------------------------------------


@app.command()
def check(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH", help="Scenario files, or folders with *.outbox.yaml below.", show_default=False)
    ],
    *,
    report_format: Annotated[ReportFormat, typer.Option("--format", help="How to report.")] = ReportFormat.text,
    junit_xml: Annotated[str | None, typer.Option("--junit-xml", metavar="FILE", help="Also write a JUnit XML report.")] = None,
    processes: Annotated[int, typer.Option("-j", min=1, metavar="N", help="Files to work on at once.")] = 1,
    max_emails: MaxEmails = 1_000_000,
    max_events: MaxEvents = 50_000_000,
) -> None:
    """Run scenarios and judge their expectations.

    Exit codes: 0 all well, 1 an expectation failed, 2 wrong usage, 3 a file is invalid, 4 inconclusive, 5 nothing found to check,
    70 a fault of outboxsim.
    """
    from outboxsim.checks.files import find  # noqa: PLC0415
    from outboxsim.checks.runner import Limits, check_files  # noqa: PLC0415
    from outboxsim.checks.verdict import EXIT_CODES, worst  # noqa: PLC0415

    files, missing = find(paths)
    for path in missing:
        _complain(f"{path}: no such file or folder")
    reports = _reported(check_files(files, limits=Limits(max_emails, max_events), processes=processes), _LINES[report_format])
    codes = [EXIT_CODES[report.outcome] for report in reports] + [USAGE] * len(missing)
    if not codes:
        _complain(f"nothing to check: no *.outbox.yaml below {', '.join(paths)}")
        codes.append(NOTHING_FOUND)
    _finish(reports, report_format)
    if junit_xml is not None and not _written(junit_xml, reports):
        codes.append(USAGE)
    raise typer.Exit(worst(codes))


def _reported(reports: Iterable[FileReport], lines_of: Callable[[FileReport], Iterable[str]]) -> list[FileReport]:
    """All reports; the lines of each are printed as soon as it is there."""
    finished = []
    for report in reports:
        for line in lines_of(report):
            print(line, flush=True)
        finished.append(report)
    return finished


def _as_text(report: FileReport) -> Iterable[str]:
    from outboxsim.checks.report_text import lines_of  # noqa: PLC0415

    return lines_of(report)


def _for_github(report: FileReport) -> Iterable[str]:
    from outboxsim.checks.report_github import lines_of  # noqa: PLC0415

    return lines_of(report)


def _nothing_yet(_: FileReport) -> Iterable[str]:
    return ()


_LINES: Final = {ReportFormat.text: _as_text, ReportFormat.github: _for_github, ReportFormat.json: _nothing_yet}


def _finish(reports: Sequence[FileReport], report_format: ReportFormat) -> None:
    """What comes after all files: the JSON object, or the counts."""
    if report_format is ReportFormat.json:
        from outboxsim.checks.report_json import as_json  # noqa: PLC0415

        print(as_json(reports, version()))
    elif reports:
        from outboxsim.checks.report_text import summary  # noqa: PLC0415

        print(summary(reports))


def _written(file: str, reports: Sequence[FileReport]) -> bool:
    from outboxsim.checks.junit import as_junit  # noqa: PLC0415

    try:
        with open(file, "wb") as stream:
            stream.write(as_junit(reports))
    except OSError as unwritable:
        _complain(f"{file}: cannot be written: {unwritable.strerror or unwritable}")
        return False
    return True


# schema -----------------------------------------------------------------------------------------------------------------------------


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files."""
    import json  # noqa: PLC0415

    from outboxsim.scenario import json_schema  # noqa: PLC0415

    print(json.dumps(json_schema(), indent=2))


# patterns ---------------------------------------------------------------------------------------------------------------------------


@app.command()
def patterns(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A preset; left out: all of them.", show_default=False)] = None,
    until: Annotated[str, typer.Option("--until", metavar="DURATION", help="The end of the schedule.")] = "5d",
) -> None:
    """List the retry patterns that come with outboxsim, or show one's schedule of attempts."""
    from outboxsim.retry import presets  # noqa: PLC0415

    if name is None:
        _print_presets(presets.values())
        return
    if name not in presets:
        from difflib import get_close_matches  # noqa: PLC0415

        near = get_close_matches(name, presets, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        _complain(f"'{name}' is no preset{hint} (there are: {', '.join(presets)})")
        raise typer.Exit(USAGE)
    _print_schedule(presets[name], until)


def _print_presets(presets: Iterable[Preset]) -> None:
    from outboxsim import terminal  # noqa: PLC0415

    terminal.console().print(terminal.preset_table(presets))


def _print_schedule(preset: Preset, until: str) -> None:
    from outboxsim import terminal  # noqa: PLC0415
    from outboxsim.errors import QuantityError  # noqa: PLC0415
    from outboxsim.quantities import parse_duration  # noqa: PLC0415

    try:
        end = parse_duration(until)
    except QuantityError as wrong:
        _complain(f"--until: {wrong}")
        raise typer.Exit(USAGE) from None
    if end == 0:
        _complain("--until: a schedule of 0 s has no room; write for example '5 d'")
        raise typer.Exit(USAGE)
    target = terminal.console()
    target.print(terminal.preset_schedule(preset, preset.pattern.schedule(end), blocks=terminal.draws_blocks(target)))


# compare, tune ----------------------------------------------------------------------------------------------------------------------

app.command()(compare)
app.command()(tune)


# demo -------------------------------------------------------------------------------------------------------------------------------


class Language(StrEnum):
    """The languages of the page."""

    en = "en"
    de = "de"


@app.command()
def demo(
    scenario: Annotated[
        str | None,
        typer.Argument(metavar="SCENARIO", help="A scenario file, or the name of a training scenario.", show_default="demo-day"),
    ] = None,
    *,
    user: Annotated[str | None, typer.Option("--user", metavar="NAME", help="Who is logged in at first.", show_default=False)] = None,
    language: Annotated[Language | None, typer.Option("--language", help="The page's language.", show_default=False)] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=1, max=65535, metavar="N", help="Where to listen, on this machine alone.", show_default="a free one"),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser, or only print the address.")] = True,
) -> None:
    """Open the outbox page in the browser; Ctrl-C ends it."""
    from outboxsim.widgets import demo as server  # noqa: PLC0415

    file = _demo_scenario(scenario)
    _require_user(file, user)
    lacking = server.missing()
    if lacking:
        _complain(f"the page needs {', '.join(lacking)}; install what is missing with: pip install 'outboxsim[notebook]'")
        raise typer.Exit(USAGE)
    listen_at = _free_port(port)
    server.serve(
        file,
        listen_at,
        lambda address: print(f"The outbox page is at {address} (Ctrl-C ends it)", flush=True),
        user=user,
        language=None if language is None else language.value,
        browser=browser,
    )


def _demo_scenario(asked: str | None) -> str:
    """The scenario's file; a file comes before a training scenario of the same name."""
    from outboxsim.widgets import training  # noqa: PLC0415

    name = training.DEMO if asked is None else asked
    if asked is not None and os.path.exists(asked):
        return asked
    if name in training.names():
        return str(training.scenario_path(name))
    _complain(f"{name}: no such file, and no training scenario (there are: {', '.join(training.names())})")
    raise typer.Exit(USAGE)


def _require_user(file: str, user: str | None) -> None:
    """Somebody has to log in; the file's faults are told here, too."""
    from outboxsim.checks.runner import Limits  # noqa: PLC0415

    users = _load(file, Limits()).users
    if not users:
        _complain(f"{file}: there are no users, so nobody could log in")
        raise typer.Exit(USAGE)
    if user is not None and user not in users:
        _complain(f"--user: '{user}' is no user of the scenario (known: {', '.join(users)})")
        raise typer.Exit(USAGE)


def _free_port(port: int | None) -> int:
    from outboxsim.widgets import demo as server  # noqa: PLC0415

    found = server.free_port() if port is None else port
    if found is None or not server.is_free(found):
        _complain(f"port {server.FIRST_PORT if port is None else port} is in use; choose another with --port")
        raise typer.Exit(USAGE)
    return found

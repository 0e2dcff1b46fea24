"""The commands about many runs: `compare` and `tune`. They parse, call `outboxsim.analysis`, and print."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from outboxsim.cli_common import FAILED, OK, USAGE, complain, load_file

if TYPE_CHECKING:
    from pathlib import Path

    from outboxsim.scenario import Scenario

File = Annotated[str, typer.Argument(metavar="FILE", help="A scenario file.", show_default=False)]
Out = Annotated[str | None, typer.Option("--out", metavar="DIR", help="Write the tables there, as CSV.")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, metavar="N", help="Instead of the file's seed.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
MaxEmails = Annotated[int, typer.Option("--max-emails", min=1, metavar="N", help="Refuse a file with more emails.")]
MaxEvents = Annotated[int, typer.Option("--max-events", min=1, metavar="N", help="Stop a run that passes so many events.")]


class Study(Protocol):
    """What a comparison and a tuning have in common."""

    def as_plain(self) -> dict[str, Any]:
        """What JSON can hold."""

    def save(self, folder: str) -> list[Path]:
        """Write the tables."""


def compare(
    file: File,
    *,
    retry: Annotated[
        list[str],
        typer.Option(
            "--retry",
            metavar="PATTERN",
            help="A pattern of the file, a preset, or one in YAML such as '[1 min, 5 min]'; again for each. The first is the baseline.",
            show_default=False,
        ),
    ],
    replications: Annotated[int | None, typer.Option("--replications", min=1, metavar="N", help="Runs of each.", show_default="20")] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            "--precision", metavar="SHARE", help="As many runs as it takes to know differences to this part of the baseline's mean."
        ),
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option("--metric", metavar="METRIC", help="What to compare; again for each.", show_default=False)
    ] = None,
    confidence: Annotated[str, typer.Option("--confidence", metavar="SHARE", help="Of all differences together.")] = "95 %",
    seed: Seed = None,
    out: Out = None,
    as_json: AsJson = False,
    max_emails: MaxEmails = 1_000_000,
    max_events: MaxEvents = 50_000_000,
) -> None:
    """Compare retry patterns side by side, with the same random numbers.

    Exit codes: 0 all well, 1 a run passed its limit of events, 2 wrong usage, 3 the file is invalid.
    """
    scenario = _scenario(file, max_emails, max_events)
    with _told(file):
        from outboxsim.analysis.compare import compare as compared  # noqa: PLC0415
        from outboxsim.analysis.replicate import DEFAULT_METRICS  # noqa: PLC0415

        comparison = compared(
            scenario,
            _patterns(retry),
            n=replications,
            precision=precision,
            metrics=metric or DEFAULT_METRICS,
            confidence=_confidence(confidence),
            seed=seed,
            max_events=max_events,
        )
        _finish(comparison, out, as_json=as_json)
    raise typer.Exit(OK)


def tune(
    file: File,
    *,
    space: Annotated[
        list[str],
        typer.Option(
            "--space",
            metavar="SPACE",
            help="Where to look: a YAML file, or YAML such as 'exponential: {first: 10 s .. 10 min, factor: 1.5 .. 4}', "
            "'delays: {count: 5, from: 10 s, to: 8 h}', 'default | postfix'; again for more.",
            show_default=False,
        ),
    ],
    objective: Annotated[
        list[str] | None,
        typer.Option(
            "--objective", metavar="TEXT", help="What to minimise or maximise; again for several.", show_default="minimise latency_p95"
        ),
    ] = None,
    constraint: Annotated[
        list[str] | None,
        typer.Option("--constraint", metavar="TEXT", help="What has to hold, such as 'give_up_rate <= 1 %'.", show_default=False),
    ] = None,
    budget: Annotated[int, typer.Option("--budget", min=1, metavar="N", help="Runs in all, about.")] = 600,
    difference: Annotated[
        str | None,
        typer.Option("--difference", metavar="VALUE", help="Choose by KN: differences of the objective below this do not matter."),
    ] = None,
    confidence: Annotated[str, typer.Option("--confidence", metavar="SHARE", help="Of the choice.")] = "95 %",
    seed: Seed = None,
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="DIR", help="Write tables and patterns there, and the study itself: run it again and it goes on."),
    ] = None,
    as_json: AsJson = False,
    max_emails: MaxEmails = 1_000_000,
    max_events: MaxEvents = 50_000_000,
) -> None:
    """Search retry patterns for what is wanted of them.

    Exit codes: 0 all well, 1 a run passed its limit of events or no candidate keeps the constraints, 2 wrong usage, 3 the file is invalid.
    """
    scenario = _scenario(file, max_emails, max_events)
    with _told(file):
        from outboxsim.analysis.tune import tune as tuned  # noqa: PLC0415

        tuning = tuned(
            scenario,
            _space(space),
            objective or ["minimise latency_p95"],
            constraint or (),
            budget=budget,
            choice="ocba" if difference is None else "kn",
            difference=difference,
            confidence=_confidence(confidence),
            seed=seed,
            folder=None if out is None else os.path.join(out, "study"),
            max_events=max_events,
            progress=sys.stderr.isatty(),
        )
        _finish(tuning, out, as_json=as_json)
        if tuning.chosen is not None and not as_json:
            print(f"\n{tuning.yaml()}", end="")
    raise typer.Exit(OK if tuning.chosen is not None else FAILED)


def _scenario(file: str, max_emails: int, max_events: int) -> Scenario:
    from outboxsim.checks.runner import Limits  # noqa: PLC0415

    return load_file(file, Limits(max_emails, max_events))


@contextmanager
def _told(file: str) -> Iterator[None]:
    """Turns what may go wrong into a message and an exit code."""
    from outboxsim.errors import OutboxsimError, RunStopped  # noqa: PLC0415

    try:
        yield
    except RunStopped as stopped:
        complain(f"{file}: {stopped}")
        raise typer.Exit(FAILED) from None
    except OutboxsimError as wrong:  # the file is sound, so it is what was asked
        for line in str(wrong).splitlines():
            complain(line)
        raise typer.Exit(USAGE) from None


def _patterns(asked: Sequence[str]) -> dict[str, Any]:
    """Patterns by what they are called on the command line; what is no bare name is YAML."""
    from outboxsim.errors import QuantityError  # noqa: PLC0415

    twice = [text for place, text in enumerate(asked) if text in asked[:place]]
    if twice:
        raise QuantityError(f"--retry: '{twice[0]}' is there twice; leave one out")
    return {text: _of_yaml(text, "--retry") if text.lstrip().startswith(("[", "{")) else text for text in asked}


def _of_yaml(text: str, option: str) -> Any:
    from outboxsim.errors import QuantityError  # noqa: PLC0415
    from outboxsim.scenario.yaml_events import read_yaml  # noqa: PLC0415

    document = read_yaml(text)
    if document.faults:
        raise QuantityError(f"{option}: {document.faults[0].message}")
    return document.value


def _space(asked: Sequence[str]) -> Any:
    """All spaces together; what is a file is read."""
    from outboxsim.analysis.space_reading import parse_space  # noqa: PLC0415
    from outboxsim.errors import QuantityError  # noqa: PLC0415

    spaces = []
    for text in asked:
        if text.endswith((".yaml", ".yml")):
            try:
                with open(text, encoding="utf-8") as stream:
                    text = stream.read()  # noqa: PLW2901 - the file stands for what is in it
            except (OSError, UnicodeDecodeError) as unreadable:
                raise QuantityError(f"--space: {text} cannot be read: {getattr(unreadable, 'strerror', None) or unreadable}") from None
        spaces.append(parse_space(text))
    return parse_space(spaces)


def _confidence(text: str) -> float:
    from outboxsim.errors import QuantityError  # noqa: PLC0415
    from outboxsim.quantities import parse_share  # noqa: PLC0415

    share = parse_share(text)
    if not 0 < share < 1:
        raise QuantityError(f"--confidence: '{text}' is no confidence; write a share between 0 and 1, for example '95 %'")
    return share


def _finish(study: Study, out: str | None, *, as_json: bool) -> None:
    """Print a study, and write it if somebody wants that."""
    if out is not None:
        try:
            study.save(out)
        except OSError as unwritable:
            complain(f"{out}: the tables cannot be written: {unwritable.strerror or unwritable}")
            raise typer.Exit(USAGE) from None
    print(json.dumps(study.as_plain(), indent=2, ensure_ascii=False) if as_json else study)

"""The charts in words: the labels inside the pictures, and what they say to who cannot see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outboxsim.outbox import Outcome, SendStatus

if TYPE_CHECKING:
    from outboxsim.analysis.lives import EmailLife
    from outboxsim.analysis.plot_style import Labels
    from outboxsim.analysis.sizes import AttemptCounts, OutboxSizes
    from outboxsim.widgets.words import Words


def labels_of(words: Words) -> Labels:
    """The labels of the plots in the language of the screen."""
    from outboxsim.analysis.plot_style import Labels  # noqa: PLC0415 - matplotlib only where something is drawn
    from outboxsim.analysis.sizes import Attempted  # noqa: PLC0415

    return Labels(
        statuses={status: words.status(status) for status in SendStatus},
        attempted={
            Attempted.ACCEPTED: words("Accepted"),
            Attempted.FAILED: words("Failed"),
            Attempted.NOT_TRIED: words("Suspended or connector disabled"),
            Attempted.UNDER_WAY: words("Under way"),
        },
        outcomes={**{outcome: words.outcome(outcome) for outcome in Outcome}, None: words("Under way")},
        outbox=words("Emails in the outbox"),
        attempts_per=words("Attempts per {width}"),
        local_time=words("Local time ({zone})"),
        outage=words("Outage"),
        disabled=words("Disabled"),
        attempts_of=words("Attempts: {outcome}"),
        undo_window=words("Undo window"),
        scheduled=words("Scheduled for"),
        logged=words("Logged"),
        since_submission=words("Time since submission"),
        attempt=words("Attempt"),
        median=words("Median"),
        spread=words("Earliest to latest"),
    )


def says_sizes(words: Words, sizes: OutboxSizes) -> str:
    """The sizes at the end, and the largest."""
    now = sizes.at(sizes.end)
    parts = ", ".join(f"{words.status(status)} {words.number(count)}" for status, count in now.items())
    largest = int(sizes.total.argmax())
    return words(
        "Emails in the outbox at {instant}: {count} ({parts}). The most were {most}, at {when}.",
        instant=words.at(sizes.clock, sizes.end),
        count=words.number(sum(now.values())),
        parts=parts,
        most=words.number(int(sizes.total[largest])),
        when=words.at(sizes.clock, int(sizes.times[largest])),
    )


def says_attempts(words: Words, counts: AttemptCounts) -> str:
    """How many attempts there were in all, and the most in one bin."""
    accepted, failed, not_tried, under_way = counts.counts.sum(axis=0).tolist()
    busiest = counts.counts.sum(axis=1)
    return words(
        "Attempts up to {instant}: {accepted} accepted, {failed} failed, {not_tried} suspended or on a disabled connector,"
        " {under_way} under way. The most within {width} were {most}, from {when} on.",
        instant=words.at(counts.clock, counts.end),
        accepted=words.number(accepted),
        failed=words.number(failed),
        not_tried=words.number(not_tried),
        under_way=words.number(under_way),
        width=words.duration(counts.width),
        most=words.number(int(busiest.max())),
        when=words.at(counts.clock, int(counts.begins[busiest.argmax()])),
    )


def says_life(words: Words, life: EmailLife) -> str:
    """Each status and since when, and the attempts."""
    spans = "; ".join(
        words("{status} from {instant}", status=words.status(span.status), instant=words.at(life.clock, span.begin)) for span in life.spans
    )
    attempts = words.many("{count} attempt", "{count} attempts", len(life.attempts))
    outcomes = ", ".join(words("under way") if mark.outcome is None else words.outcome(mark.outcome) for mark in life.attempts)
    return f"{spans}. {attempts}{': ' if outcomes else ''}{outcomes}"

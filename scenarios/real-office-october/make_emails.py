"""Make the emails, teams and outages of real-office-october.outbox.yaml from the real arrivals and incidents beside this file.

    python make_emails.py office-october-2001.csv            writes emails.csv beside this file
    python make_emails.py office-october-2001.csv --teams    prints the teams and users of the scenario
    python make_emails.py --outages email-provider-incidents-2017-2019.csv    prints its outages

Only the times and the sender numbers are real. Everything else is laid over them by the rules below, without chance, so that
the same files come out every time. README.md tells the origin of the data.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import textwrap
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent

#: The departments, in the order in which people are dealt out to them.
DEPARTMENTS = ("trading", "logistics", "finance", "legal", "research")
#: What the departments' addresses end in; the connectors list them.
ADDRESS = "{}@office.example"
#: Recipients are not in the data. Four domains, the first one the most frequent.
DOMAINS = ("partner.example", "partner.example", "customer.example", "supplier.example", "authority.example")
#: Local office hours, Monday to Friday.
OPENS, CLOSES = dt.time(8), dt.time(20)
#: Every so many of the emails outside office hours is scheduled for the next opening; every second of those by the department's leader.
SCHEDULED_EVERY = 12
HIGH_EVERY, LOW_EVERY = 15, 20
#: The hour that daylight saving repeats; its first occurrence still has summer's offset.
REPEATED = "2001-10-28T01:"
SUMMER = "-05:00"
#: Incidents that become outages: those of 2018, long enough to notice and shorter than a day.
YEAR, SHORTEST, LONGEST = 2018, 10.0, 24 * 60.0
KINDS = (
    'kind: refuse, error: "connection refused"',
    'kind: timeout, error: "connection timed out"',
    'kind: reject, error: "451 4.3.0 service temporarily unavailable"',
)


def read_arrivals(path: Path) -> list[tuple[dt.datetime, str]]:
    """Local time and sender of each arrival, in the order of the file, which is that of time."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(dt.datetime.fromisoformat(row["submitted"]), row["from"]) for row in csv.DictReader(file)]


def departments(arrivals: list[tuple[dt.datetime, str]]) -> dict[str, list[str]]:
    """The senders of each department, its leader first.

    Senders by number of emails (most first), then by number, are dealt out in turn like cards. So each department has
    about the same size and traffic, and is led by its most active sender.
    """
    count = Counter(sender for _, sender in arrivals)
    ranked = sorted(count, key=lambda sender: (-count[sender], sender))
    return {name: ranked[place :: len(DEPARTMENTS)] for place, name in enumerate(DEPARTMENTS)}


def undo_window(sender: str) -> str | None:
    """Senders whose number can be divided by 10 think for two minutes, those by 4 for half a minute, the others not at all."""
    number = int(sender.removeprefix("user"))
    if number % 10 == 0:
        return "2 min"
    return "30 s" if number % 4 == 0 else None


def in_office_hours(time: dt.datetime) -> bool:
    """Whether the office is open at this local time."""
    return time.weekday() < 5 and OPENS <= time.time() < CLOSES


def next_opening(time: dt.datetime) -> dt.datetime:
    """The first 08:00 local after this time, weekends too."""
    opening = dt.datetime.combine(time.date(), OPENS)
    return opening if opening > time else opening + dt.timedelta(days=1)


def instant(time: dt.datetime) -> str:
    """ISO text, local to the scenario's time zone, with an offset only where the local time comes twice."""
    text = time.isoformat()
    return text + SUMMER if text.startswith(REPEATED) else text


def priority(number: int) -> str:
    """Every 15th email is urgent, every 20th is not."""
    if number % HIGH_EVERY == 0:
        return "high"
    return "low" if number % LOW_EVERY == 0 else ""


def emails(arrivals: list[tuple[dt.datetime, str]]) -> list[dict[str, str]]:
    """One row per arrival, with the columns of `emails_file`."""
    leaders = {sender: people[0] for people in departments(arrivals).values() for sender in people}
    rows = []
    outside = 0
    for number, (time, sender) in enumerate(arrivals, start=1):
        row = {
            "id": f"mail-{number:04}",
            "at": instant(time),
            "from": sender,
            "to": f"contact-{number % 97}@{DOMAINS[number % len(DOMAINS)]}",
            "subject": f"Email {number} of October",
            "priority": priority(number),
            "send_at": "",
            "scheduled_by": "",
        }
        if not in_office_hours(time):
            outside += 1
            if outside % SCHEDULED_EVERY == 0:
                row["send_at"] = instant(next_opening(time))
                row["scheduled_by"] = leaders[sender] if outside % (2 * SCHEDULED_EVERY) == 0 else sender
        rows.append(row)
    return rows


def write_emails(rows: list[dict[str, str]], path: Path) -> None:
    """The rows as CSV with line feeds, on every system."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def teams(arrivals: list[tuple[dt.datetime, str]]) -> str:
    """The `teams` and `users` of the scenario, as YAML."""
    people = departments(arrivals)
    lines = ["teams:"]
    for name, (leader, *members) in people.items():
        listed = textwrap.fill(", ".join(sorted(members)), 110, initial_indent=" " * 6, subsequent_indent=" " * 6)
        lines += [f"  {name}:", f"    leaders: [{leader}]", "    members: [", listed, "    ]"]
    lines.append("users:")
    department = {sender: name for name, senders in people.items() for sender in senders}
    for sender in sorted(department):
        window = undo_window(sender)
        details = f"address: {ADDRESS.format(department[sender])}" + (f", undo_window: {window}" if window else "")
        lines.append(f"  {sender}: {{{details}}}")
    return "\n".join(lines)


def outages(path: Path) -> str:
    """The outages of the scenario, as YAML for two connectors.

    The k-th incident (k = 1, 2, …) is laid on October 2k, at its time of day read as local time, for its duration in whole
    minutes; odd ones on the first connector, even ones on the second. The kinds take turns on each.
    """
    with path.open(encoding="utf-8", newline="") as file:
        incidents = [(dt.datetime.fromisoformat(row["started"]), float(row["duration_min"])) for row in csv.DictReader(file)]
    chosen = [(start, minutes) for start, minutes in incidents if start.year == YEAR and SHORTEST <= minutes <= LONGEST]
    lines: tuple[list[str], list[str]] = ([], [])
    for k, (start, minutes) in enumerate(chosen, start=1):
        begin = dt.datetime.combine(dt.date(2001, 10, 2 * k), start.time())
        mine = lines[(k - 1) % 2]
        mine.append(f'      - {{from: "{begin.isoformat()}", for: {int(minutes + 0.5)} min, {KINDS[len(mine) % len(KINDS)]}}}')
    return "\n".join(["first:", *lines[0], "second:", *lines[1]])


def main() -> None:
    """Write or print what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arrivals", type=Path, help="CSV with the columns submitted and from (with --outages: of incidents)")
    parser.add_argument("--teams", action="store_true", help="print the teams and users")
    parser.add_argument("--outages", action="store_true", help="print the outages")
    options = parser.parse_args()
    if options.outages:
        print(outages(options.arrivals))
    elif options.teams:
        print(teams(read_arrivals(options.arrivals)))
    else:
        write_emails(emails(read_arrivals(options.arrivals)), HERE / "emails.csv")


if __name__ == "__main__":
    main()

"""Presets: the retry patterns of mail servers, mail services and retry libraries, each with its source.

`presets` maps names to `Preset` values (pattern, summary, source, what was chosen); `PRESETS` maps names to the patterns alone.
``help(presets)`` lists them all, ``help(presets["postfix"])`` shows one. Numbers are the vendor's defaults. Where the vendor states limits
but no schedule, or where two sources differ, `Preset.chosen` says what was chosen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from outboxsim.retry.connector_parts import Breaker, Scan
from outboxsim.retry.delays import Age, Doublings, Exponential, Fixed, Grid, Piece, Pieces, Polynomial, Table
from outboxsim.retry.jitter import Decorrelated, Equal, Full, Plus, PlusPerRetry
from outboxsim.retry.pattern import RetryPattern


@dataclass(frozen=True)
class Preset:
    """A retry pattern that somebody else runs, and where that is written.

    Attributes
    ----------
    name
        As scenario files write it.
    pattern
        The pattern.
    summary
        What it does, in a line.
    source
        The document, with its year or version and the section.
    chosen
        What the source leaves open and was chosen here; where it contradicts other sources. Empty if nothing.
    """

    name: str
    pattern: RetryPattern
    summary: str
    source: str
    chosen: str = ""

    def __post_init__(self) -> None:
        chosen = f"\n\nChosen: {self.chosen}" if self.chosen else ""
        # help(preset) shows the value's own docstring, not only the class's.
        object.__setattr__(self, "__doc__", f"{self.name}: {self.summary}\n\nSource: {self.source}{chosen}\n\n{self.pattern!r}")

    def _repr_html_(self) -> str:
        from outboxsim.retry.notebook import pattern_html  # noqa: PLC0415 - nobody else draws

        return pattern_html(self.pattern, f"{self.summary}. Source: {self.source}")


class Presets(Mapping[str, Preset]):
    """The presets by name, in the order of spec/retry.md."""

    def __init__(self, presets: tuple[Preset, ...]) -> None:
        self._presets: Final = MappingProxyType({preset.name: preset for preset in presets})
        self.__doc__ = "The presets by name.\n\n" + "\n".join(f"{preset.name}: {preset.summary}" for preset in presets)

    def __getitem__(self, name: str) -> Preset:
        return self._presets[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._presets)

    def __len__(self) -> int:
        return len(self._presets)

    def __repr__(self) -> str:
        return f"<presets: {', '.join(self)}>"

    def _repr_html_(self) -> str:
        from outboxsim.retry.notebook import presets_html  # noqa: PLC0415 - nobody else draws

        return presets_html(self)


def _preset(name: str, summary: str, pattern: RetryPattern, source: str, chosen: str = "") -> Preset:
    return Preset(name, pattern.replace(name=name), summary, source, chosen)


_DEFAULT = _preset(
    "default",
    "5 min, 15 min, 30 min, 1 h, 4 h, then failed",
    RetryPattern(Table("5 min", "15 min", "30 min", "1 h", "4 h")),
    "outboxsim's own: the pattern of a scenario that names none.",
)

_POSTFIX = _preset(
    "postfix",
    "the age of the mail, at least 300 s and at most 4000 s, looked at every 300 s, for 5 days; a dead destination is left alone for 300 s",
    RetryPattern(
        Age("300 s", "4000 s"),
        max_age="5 d",
        clock="1 s",
        scan=Scan("300 s", early="1 s", applies_to="retries"),
        breaker=Breaker(3, "300 s", within="scan", window=5),
    ),
    "Postfix 3.7, postconf(5): minimal_backoff_time 300s, maximal_backoff_time 4000s, maximal_queue_lifetime 5d, queue_run_delay 300s, "
    "default_destination_concurrency_failed_cohort_limit 1, initial_destination_concurrency 5; qmgr_active.c, qmgr_queue.c; "
    "runs of the server, measured on loopback.",
    "Three connection failures in one scan open the breaker for minimal_backoff_time, and five tries of a burst start before that "
    "(the initial concurrency): so the measured runs behave.",
)

_EXIM = _preset(
    "exim",
    "every 15 min for 2 h, then from 1 h on longer by 1.5 up to 16 h, then every 6 h up to 4 days; per host",
    RetryPattern(
        Pieces(
            Piece("2 h", every="15 min"),
            Piece("16 h", first="1 h", factor=1.5),
            Piece("4 d", every="6 h"),
        ),
        scope="connector",
        clock="1 s",
    ),
    "Exim 4.96, default configuration: * * F,2h,15m; G,16h,1h,1.5; F,4d,6h; specification chapter 32, Retry configuration; retry.c, "
    "retry_update (whole seconds; the smaller of last planned and last actual gap).",
    "retry_interval_max (24 h) is not modelled: no delay here reaches it. Nor is the message's own age, which Exim also holds against the "
    "last cutoff: add max_age: 4 d for that. The queue runner's interval is the scenario's scan.",
)

_SENDMAIL = _preset(
    "sendmail",
    "every 30 min for 5 days",
    RetryPattern(Fixed("30 min"), max_age="5 d"),
    "Sendmail 8.17, Installation and Operation Guide: section 2.3.1, queue runs (-q30m), and section 4.1.2, Timeout.queuereturn 5d.",
    "The interval is the one of the guide's example and of Debian's package; sendmail itself has no default.",
)

_OPENSMTPD = _preset(
    "opensmtpd",
    "400 s, 1600 s, 3600 s, ... after submission (400 s times the square of the count), for 4 days",
    RetryPattern(Grid("400 s", 2), max_age="4 d"),
    "OpenSMTPD 7, scheduler_ramqueue.c: BACKOFF_TRANSFER 400, scheduler_backoff and scheduler_next; smtpd.conf(5): queue ttl 4d.",
)

_EXCHANGE = _preset(
    "exchange",
    "4 times 1 min, 6 times 5 min, then every 10 min, for 2 days",
    RetryPattern(Table(*["1 min"] * 4, *["5 min"] * 6, "10 min", repeat_last=True), max_age="2 d"),
    "Microsoft Exchange Server 2010 to 2019, Message retry, resubmit, and expiration intervals: QueueGlitchRetryCount 4, "
    "QueueGlitchRetryInterval 1 minute, TransientFailureRetryCount 6, TransientFailureRetryInterval 5 minutes (Mailbox role), "
    "OutboundConnectionFailureRetryInterval 10 minutes, MessageExpirationTimeout 2 days.",
    "The values of the Mailbox (Hub Transport) role; Edge servers have 10 and 30 minutes.",
)

_WINDOWS_TABLE = Table("15 min", "30 min", "60 min", "240 min", repeat_last=True)

_MAILENABLE = _preset(
    "mailenable",
    "15, 30, 60, then every 240 min, for 2 days",
    RetryPattern(_WINDOWS_TABLE, max_age="2 d"),
    "MailEnable, Help, SMTP delivery options (smtpdelivery.htm): first retry 15, second 30, third 60, subsequent 240 minutes.",
    "The page gives no default for Failed Message Lifetime: the 2 days of the IIS service with the same table.",
)

_IIS = _preset(
    "iis",
    "15, 30, 60, then every 240 min, for 2 days",
    RetryPattern(_WINDOWS_TABLE, max_age="2 d"),
    "Microsoft, Windows Server 2003 (IIS 6.0), Configuring Retry Attempts and Intervals (cc757058): 15, 30, 60, then 240 minutes; "
    "expiration timeout 2 days.",
)

_HMAILSERVER = _preset(
    "hmailserver",
    "4 retries, 60 min apart",
    RetryPattern(Table(*["60 min"] * 4)),
    "hMailServer 4.2 to 5.6, documentation, SMTP settings, Delivery of e-mail: 4 retries (5 tries in all), 60 minutes between.",
)

_ICEWARP = _preset(
    "icewarp",
    "2, 8, 28, 32 min, then every 120 min, for 4 days",
    RetryPattern(Table("2 min", "8 min", "28 min", "32 min", "120 min", repeat_last=True), max_age="4 d"),
    "IceWarp (Merak), support FAQ 2997, How do I control the retry intervals in the SMTP outgoing queue: retries 1 to 4 at 2, 10, 38 and "
    "70 minutes, retries 5 to 8 each 120 minutes later, after that the same interval until Undeliverable after; keeps retrying for 4 days.",
    "The source's first four numbers are read as times since submission (gaps of 2, 8, 28, 32 min), the others as gaps: it is often "
    "quoted with the 32 min repeated instead.",
)

_MAILGUN = _preset(
    "mailgun",
    "10, 15, 30 min, 1, 2, 4 h; 8 h in all",
    RetryPattern(Table("10 min", "15 min", "30 min", "1 h", "2 h", "4 h"), max_age="8 h"),
    "Mailgun, Help Center, Will Mailgun retry my failed messages? (article 28956111811355): the six intervals, a maximum of 8 hours.",
)

_SENDGRID = _preset(
    "sendgrid",
    "1 min, 10 min, 1 h, then every 4 h, for 72 h",
    RetryPattern(Table("1 min", "10 min", "1 h", "4 h", repeat_last=True), max_age="72 h"),
    "Twilio SendGrid, documentation, Deferrals: delivery is tried for up to 72 hours.",
    "The intervals: the vendor states none; these are the ones that users report. "
    "The 72 h count from submission, not from the first deferral.",
)

_SES = _preset(
    "ses",
    "1 min, doubling up to 1 h, for 14 h",
    RetryPattern(Exponential("1 min", 2, "1 h"), max_age="14 h"),
    'Amazon SES, bounce notifications (2020 to 2024): "550 4.4.7 Message expired: unable to deliver in 840 minutes".',
    "The intervals: the vendor states none. Third parties also write 12 hours (Blackbaud knowledge base 24058); the bounces say 14.",
)

_RFC5321 = _preset(
    "rfc5321",
    "every 30 min for 5 days",
    RetryPattern(Fixed("30 min"), max_age="5 d"),
    "RFC 5321 (2008), section 4.5.4.1: the retry interval SHOULD be at least 30 minutes, the give-up time at least 4 to 5 days.",
    "The shortest interval and the longer give-up time that it names.",
)

_SIDEKIQ = _preset(
    "sidekiq",
    "n⁴ + 15 s + U(0, 30) · (n + 1) s, 25 retries",
    RetryPattern(Polynomial(4, "15 s"), jitter=PlusPerRetry("30 s"), max_attempts=26),
    "Sidekiq up to 5, job_retry.rb, seconds_to_delay: (count ** 4) + 15 + (rand(30) * (count + 1)); DEFAULT_MAX_RETRY_ATTEMPTS 25.",
    "Since version 6 Sidekiq draws rand(10) instead of rand(30): {preset: sidekiq, jitter: {plus_per_retry: 10 s}}. "
    "The original draws whole seconds.",
)

_CELERY = _preset(
    "celery",
    "U(0, min(600, 2ⁿ)) s, 3 retries",
    RetryPattern(Exponential("1 s", 2, "600 s"), jitter=Full(), max_attempts=4),
    "Celery 5, User Guide, Tasks, Automatic retry (retry_backoff, retry_backoff_max 600, retry_jitter, max_retries 3); "
    "celery/utils/time.py, get_exponential_backoff_interval.",
    "retry_backoff=True. The original draws whole seconds, 0 included; here every delay is above 0.",
)

_TENACITY = _preset(
    "tenacity",
    "1 s, doubling, no end",
    RetryPattern(Exponential("1 s", 2)),
    "tenacity 9, wait_exponential(multiplier=1, exp_base=2), first wait multiplier · 2⁰; stop_never is the default.",
)

_STAMINA = _preset(
    "stamina",
    "min(5, 0.1 · 2ⁿ + U(0, 1)) s, 10 attempts, 45 s",
    RetryPattern(Exponential("100 ms", 2), jitter=Plus("1 s", at_most="5 s"), max_attempts=10, max_age="45 s"),
    "stamina 25, stamina.retry: attempts=10, timeout=45.0, wait_initial=0.1, wait_max=5.0, wait_jitter=1.0, wait_exp_base=2.",
)

_TEMPORAL = _preset(
    "temporal",
    "1 s, doubling up to 100 s, no end",
    RetryPattern(Exponential("1 s", 2, "100 s")),
    "Temporal, documentation, What is a Temporal Retry Policy, default values: initial interval 1 s, backoff coefficient 2.0, "
    "maximum interval 100 × the initial interval, maximum attempts unlimited.",
)

_CLOUD_TASKS = _preset(
    "cloud-tasks",
    "0.1 s, 16 doublings, at most 1 h, 100 attempts",
    RetryPattern(Doublings("100 ms", "1 h", 16), max_attempts=100),
    "Google Cloud Tasks, REST reference v2, RetryConfig: minBackoff 0.100s, maxBackoff 3600s, maxDoublings 16, maxAttempts 100.",
)

_AWS_SOURCE = 'M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015, and aws-arch-backoff-simulator: '
_AWS_CHOSEN = (
    "First 1 s and cap 20 s, the longest wait in the standard retry mode of the AWS SDKs; the article's simulation has 5 ms and 2 s. "
    "The article knows no end. The simulator's first delay is already doubled (n from 1); here n counts from 0."
)

_AWS_FULL = _preset(
    "aws-full",
    "U(0, min(20, 2ⁿ)) s, no end",
    RetryPattern(Exponential("1 s", 2, "20 s"), jitter=Full()),
    f"{_AWS_SOURCE}full jitter.",
    _AWS_CHOSEN,
)

_AWS_EQUAL = _preset(
    "aws-equal",
    "half of min(20, 2ⁿ) s, and up to half more, no end",
    RetryPattern(Exponential("1 s", 2, "20 s"), jitter=Equal()),
    f"{_AWS_SOURCE}equal jitter.",
    _AWS_CHOSEN,
)

_AWS_DECORRELATED = _preset(
    "aws-decorrelated",
    "min(20, U(1, 3 · previous)) s, no end",
    RetryPattern(Exponential("1 s", 2, "20 s"), jitter=Decorrelated()),
    f"{_AWS_SOURCE}decorrelated jitter.",
    _AWS_CHOSEN,
)

presets: Final = Presets(
    (
        _DEFAULT,
        _POSTFIX,
        _EXIM,
        _SENDMAIL,
        _OPENSMTPD,
        _EXCHANGE,
        _MAILENABLE,
        _IIS,
        _HMAILSERVER,
        _ICEWARP,
        _MAILGUN,
        _SENDGRID,
        _SES,
        _RFC5321,
        _SIDEKIQ,
        _CELERY,
        _TENACITY,
        _STAMINA,
        _TEMPORAL,
        _CLOUD_TASKS,
        _AWS_FULL,
        _AWS_EQUAL,
        _AWS_DECORRELATED,
    )
)

#: The patterns alone, by name.
PRESETS: Final[Mapping[str, RetryPattern]] = MappingProxyType({name: preset.pattern for name, preset in presets.items()})

"""The presets: the first instants of each as numbers, with the uniform number of every draw at 0.5."""

from __future__ import annotations

import pydoc

import pytest

from outboxsim.retry import PRESETS, Breaker, Scan, presets

from .conftest import DAY, HOUR, MINUTE, SECOND

#: Seconds since submission.
FIRST = {
    "default": [0, 300, 1200, 3000, 6600, 21000],
    "postfix": [0, 300, 600, 1200, 2400, 4800, 8800, 12800],
    "exim": [0, 900, 1800, 2700, 3600, 4500, 5400, 6300, 7200, 8100, 11700, 17100, 25200, 37350, 55575, 82912, 104512],
    "sendmail": [0, 1800, 3600, 5400],
    "opensmtpd": [0, 400, 1600, 3600, 6400, 10000],
    "exchange": [0, 60, 120, 180, 240, 540, 840, 1140, 1440, 1740, 2040, 2640, 3240],
    "mailenable": [0, 900, 2700, 6300, 20700, 35100],
    "iis": [0, 900, 2700, 6300, 20700, 35100],
    "hmailserver": [0, 3600, 7200, 10800, 14400],
    "icewarp": [0, 120, 600, 2280, 4200, 11400, 18600],
    "mailgun": [0, 600, 1500, 3300, 6900, 14100, 28500],
    "sendgrid": [0, 60, 660, 4260, 18660, 33060],
    "ses": [0, 60, 180, 420, 900, 1860, 3780, 7380, 10980],
    "rfc5321": [0, 1800, 3600, 5400],
    "sidekiq": [0, 30, 76, 152, 308, 654],
    "celery": [0, 0.5, 1.5, 3.5],
    "tenacity": [0, 1, 3, 7, 15, 31, 63, 127],
    "stamina": [0, 0.6, 1.3, 2.2, 3.5, 5.6, 9.3, 14.3, 19.3, 24.3],
    "temporal": [0, 1, 3, 7, 15, 31, 63, 127, 227, 327],
    "cloud-tasks": [0, 0.1, 0.3, 0.7, 1.5, 3.1, 6.3],
    "aws-full": [0, 0.5, 1.5, 3.5, 7.5, 15.5, 25.5],
    "aws-equal": [0, 0.75, 2.25, 5.25, 11.25, 23.25, 38.25],
    "aws-decorrelated": [0, 2, 5.5, 11.25, 20.375],
}

#: How many attempts an email gets that always fails at once; None has no end.
ATTEMPTS = {
    "default": 6,
    "postfix": 113,
    "exim": 29,
    "sendmail": 241,
    "opensmtpd": 31,
    "exchange": 296,
    "mailenable": 16,
    "iis": 16,
    "hmailserver": 5,
    "icewarp": 53,
    "mailgun": 7,
    "sendgrid": 22,
    "ses": 20,
    "rfc5321": 241,
    "sidekiq": 26,
    "celery": 4,
    "tenacity": None,
    "stamina": 10,
    "temporal": None,
    "cloud-tasks": 100,
    "aws-full": None,
    "aws-equal": None,
    "aws-decorrelated": None,
}


def test_all_presets_of_the_specification_are_there():
    assert list(presets) == list(PRESETS) == list(FIRST) == list(ATTEMPTS)
    assert len(presets) == 23


@pytest.mark.parametrize("name", FIRST)
def test_first_instants(name, instants):
    assert instants(PRESETS[name], len(FIRST[name])) == [round(second * SECOND) for second in FIRST[name]]


@pytest.mark.parametrize("name", ATTEMPTS)
def test_attempts_in_all(name, instants):
    found = len(instants(PRESETS[name], 500))
    assert found == (500 if ATTEMPTS[name] is None else ATTEMPTS[name])


def test_postfix_brings_scan_breaker_and_clock():
    postfix = PRESETS["postfix"]
    assert postfix.scan == Scan(interval=300 * SECOND, early=SECOND, applies_to="retries")
    assert postfix.breaker == Breaker(failures=3, open_for=300 * SECOND, within="scan", window=5)
    assert (postfix.clock, postfix.max_age, postfix.scope) == (SECOND, 5 * DAY, "email")


def test_exim_retries_by_host_on_a_clock_of_seconds():
    assert (PRESETS["exim"].scope, PRESETS["exim"].clock, PRESETS["exim"].scan) == ("connector", SECOND, None)


def test_cloud_tasks_ends_at_its_cap(instants):
    found = instants(PRESETS["cloud-tasks"], 100)
    assert found[16] - found[15] == 3_276_800_000  # 0.1 · 2^15, the last below the cap
    assert found[17] - found[16] == found[99] - found[98] == HOUR


def test_limits():
    limits = {name: pattern.max_age for name, pattern in PRESETS.items() if pattern.max_age is not None}
    assert limits == {
        "postfix": 5 * DAY,
        "sendmail": 5 * DAY,
        "opensmtpd": 4 * DAY,
        "exchange": 2 * DAY,
        "mailenable": 2 * DAY,
        "iis": 2 * DAY,
        "icewarp": 4 * DAY,
        "mailgun": 8 * HOUR,
        "sendgrid": 72 * HOUR,
        "ses": 14 * HOUR,
        "rfc5321": 5 * DAY,
        "stamina": 45 * SECOND,
    }
    assert min(limits.values()) * 2 > MINUTE


@pytest.mark.parametrize("preset", presets.values(), ids=list(presets))
def test_each_names_its_source_and_help_shows_it(preset):
    assert preset.source
    assert preset.pattern.name == preset.name
    assert PRESETS[preset.name] is preset.pattern
    shown = pydoc.render_doc(preset, renderer=pydoc.plaintext)
    assert preset.summary in shown
    assert preset.source in shown
    assert preset.chosen in shown


def test_help_lists_them():
    shown = pydoc.render_doc(presets, renderer=pydoc.plaintext)
    assert all(f"{name}: {preset.summary}" in shown for name, preset in presets.items())
    assert repr(presets).startswith("<presets: default, postfix, exim")


def test_unknown_preset():
    assert presets.get("nobody") is None
    with pytest.raises(KeyError):
        presets["nobody"]

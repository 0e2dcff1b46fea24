"""The plots, from one place: functions that take axes, or make new ones, and return them.

They know no pyplot and leave matplotlib's global state alone. Text from emails and files is drawn as text (G8). Each takes a
`Result`, or numbers that were made of one.
"""

try:
    import matplotlib  # noqa: F401
except ModuleNotFoundError as error:
    raise ImportError("plots need matplotlib, which comes with: pip install 'outboxsim[plots]'", name="matplotlib") from error

from outboxsim.analysis.email_plots import email_strip, retry_schedule
from outboxsim.analysis.ending_plots import attempts_histogram, cumulative_incidence, failure_heat_map
from outboxsim.analysis.run_plots import attempts_per_minute, outbox_sizes
from outboxsim.analysis.study_plots import difference_forest

__all__ = [
    "attempts_histogram",
    "attempts_per_minute",
    "cumulative_incidence",
    "difference_forest",
    "email_strip",
    "failure_heat_map",
    "outbox_sizes",
    "retry_schedule",
]

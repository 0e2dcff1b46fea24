"""The outbox itself: statuses, lifecycle, people and views. Pure rules; no clock, no files."""

from outboxsim.outbox.lifecycle import (
    TRANSITIONS,
    Action,
    Happening,
    NotPossible,
    Refused,
    Standing,
    next_status,
    possible_actions,
    refusal,
    refusal_text,
)
from outboxsim.outbox.people import Access, People, WorkItemDesk
from outboxsim.outbox.words import Outcome, Priority, Reason, SendStatus, Trigger, View

__all__ = [
    "TRANSITIONS",
    "Access",
    "Action",
    "Happening",
    "NotPossible",
    "Outcome",
    "People",
    "Priority",
    "Reason",
    "Refused",
    "SendStatus",
    "Standing",
    "Trigger",
    "View",
    "WorkItemDesk",
    "next_status",
    "possible_actions",
    "refusal",
    "refusal_text",
]

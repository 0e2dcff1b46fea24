"""Moments in which Python does not look for garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def undisturbed() -> Iterator[None]:
    """Collect no garbage meanwhile; what has become of it is collected afterwards.

    A page consists of thousands of small objects, so that drawing it would start a collection again and again, and with ten thousand
    emails in memory the longest ones take 0.1 s.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

"""What is said of a failure names no place of the machine."""

from __future__ import annotations

import pytest

from outboxsim.widgets.faults import said_of


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("no ink"), "RuntimeError: no ink"),
        (RuntimeError(), "RuntimeError"),
        (
            FileNotFoundError(2, "No such file or directory", "/home/some one/x.ttf"),
            "FileNotFoundError: [Errno 2] No such file or directory: …",
        ),
        (OSError(r"cannot open C:\Users\greta\font.ttf"), "OSError: cannot open …"),
        (ValueError("in ~/.cache/fonts, (/usr/share/x) and /tmp"), "ValueError: in …, (…) and …"),
        (ValueError(r"share \\server\fonts is away"), "ValueError: share … is away"),
        (ValueError("3 emails/min and 1/2 are no counts"), "ValueError: 3 emails/min and 1/2 are no counts"),
    ],
)
def test_paths_are_left_out(error: Exception, said: str) -> None:
    assert said_of(error) == said

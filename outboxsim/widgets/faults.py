"""What a page says of a failure that nobody expected: its kind and its message, and nothing of the machine it runs on."""

from __future__ import annotations

import re
from typing import Final

#: Paths: from a root, a home, a drive or a share on; those in quotes with blanks in them too.
_PATH: Final = re.compile(r"""(?P<quote>['"])(?:~|[A-Za-z]:)?[\\/].*?(?P=quote)|(?<![\w.])(?:~|[A-Za-z]:)?[\\/][^\s'",;:)\]]+""")


def said_of(error: BaseException) -> str:
    """The type of an error and its message, in which ``…`` stands for each path."""
    message = _PATH.sub("…", str(error)).strip()
    return f"{type(error).__name__}: {message}" if message else type(error).__name__

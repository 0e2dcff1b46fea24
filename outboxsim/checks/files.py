"""Which scenario files a check is about."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

#: How scenario files are named (spec/scenario.md).
SUFFIX: Final = ".outbox.yaml"


def find(paths: Iterable[str]) -> tuple[list[str], list[str]]:
    """The scenario files that the paths mean, and the paths that do not exist.

    A file is itself, whatever its name; a folder is every ``*.outbox.yaml`` below it, sorted. A file that several paths mean comes
    once. Links to folders are not followed.
    """
    files: dict[str, str] = {}
    missing: list[str] = []
    for path in paths:
        if os.path.isdir(path):
            found: Iterable[str] = sorted(_below(path))
        elif os.path.exists(path):
            found = (path,)
        else:
            missing.append(path)
            continue
        for file in found:
            files.setdefault(os.path.realpath(file), file)
    return list(files.values()), missing


def _below(folder: str) -> Iterator[str]:
    for place, _, names in os.walk(folder):
        yield from (str(Path(place, name)) for name in names if name.endswith(SUFFIX) and Path(place, name).is_file())

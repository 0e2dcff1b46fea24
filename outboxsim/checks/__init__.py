"""Verdicts on the expectations of scenario files: judging, reports, and running many files."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike, fspath

from outboxsim.checks.verdict import FileReport, Outcome, Verdict

__all__ = ["FileReport", "Outcome", "Verdict", "check"]


def check(paths: str | PathLike[str] | Iterable[str | PathLike[str]], *, processes: int = 1) -> list[FileReport]:
    """Run scenario files and judge their expectations.

    Parameters
    ----------
    paths
        A file, a folder (every ``*.outbox.yaml`` below), or several of them.
    processes
        How many files are worked on at once.

    Returns
    -------
    list of FileReport
        One per file: in the order of `paths`, those of a folder sorted.

    Raises
    ------
    FileNotFoundError
        A path does not exist.
    """
    from outboxsim.checks.files import find  # noqa: PLC0415
    from outboxsim.checks.runner import check_files  # noqa: PLC0415

    several = [paths] if isinstance(paths, (str, PathLike)) else list(paths)
    files, missing = find(fspath(path) for path in several)
    if missing:
        raise FileNotFoundError(f"no such file or folder: {', '.join(missing)}")
    return list(check_files(files, processes=processes))

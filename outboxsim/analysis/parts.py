"""A study's values on disk, written as they come: a run that was killed at any instant goes on without repeating what is there.

A folder holds ``study.json``, which says what was asked of which scenario, and Parquet files: each has some replications of one
variant, a column per metric. A file is written beside its place and then moved there, so that there are no halves of files.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from outboxsim.analysis.asking import Asked, Row
from outboxsim.analysis.digests import digest
from outboxsim.analysis.metrics import kind_of
from outboxsim.errors import OutboxsimError

if TYPE_CHECKING:
    import pyarrow as pa

    from outboxsim.scenario import Scenario

_STUDY: Final = "study.json"


class StudyError(OutboxsimError, ValueError):
    """A folder holds another study, or files that no study wrote; the message says what differs."""


class Parts:
    """The folder of a study.

    Parameters
    ----------
    folder
        Is made if it is missing.
    scenario, asked, seed
        What the values are of; written into the folder, or compared with what is written there.

    Raises
    ------
    StudyError
        The folder holds another study.
    """

    def __init__(self, folder: str | os.PathLike[str], scenario: Scenario, asked: Sequence[Asked], seed: int) -> None:
        self._folder = Path(folder)
        self._asked = tuple(asked)
        self._folder.mkdir(parents=True, exist_ok=True)
        own = _told(scenario, asked, seed)
        file = self._folder / _STUDY
        if not file.exists():
            _written(file, json.dumps(own, indent=2).encode())
            return
        try:
            there = json.loads(file.read_text(encoding="utf-8"))
        except ValueError:
            raise StudyError(f"{file}: is no study's file; take another folder") from None
        differing = [f"{key} {there.get(key)!r}, not {own[key]!r}" for key in own if there.get(key) != own[key]]
        if differing:
            raise StudyError(f"{self._folder} holds another study ({'; '.join(differing)}); take another folder, or remove it")

    def read(self) -> Iterator[tuple[str, int, Row]]:
        """Everything that is there: variant, replication, values."""
        import pyarrow.parquet as pq  # noqa: PLC0415 - only studies on disk need it

        for file in sorted(self._folder.glob("part-*.parquet")):
            try:
                columns = pq.read_table(file).to_pydict()
                values = [columns[f"{place} {one.metric}"] for place, one in enumerate(self._asked)]
                rows = list(zip(*values, strict=True))
                yield from zip(columns["variant"], columns["replication"], rows, strict=True)
            except (OSError, ValueError, KeyError) as unreadable:
                raise StudyError(f"{file}: is no part of this study ({unreadable}); remove it") from unreadable

    def write(self, variant: str, replications: Sequence[int], rows: Sequence[Row]) -> None:
        """Some replications of one variant."""
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415

        columns: dict[str, Any] = {
            "variant": pa.array([variant] * len(rows), pa.string()),
            "replication": pa.array(replications, pa.int64()),
        }
        for place, one in enumerate(self._asked):
            columns[f"{place} {one.metric}"] = pa.array([row[place] for row in rows], _type_of(one.metric))
        file = self._folder / f"part-{variant}-{min(replications):06d}-{max(replications):06d}.parquet"
        unfinished = file.with_suffix(".unfinished")
        pq.write_table(pa.table(columns), unfinished)
        unfinished.replace(file)


def _type_of(metric: str) -> pa.DataType:
    """Counts and durations are whole, and stay so."""
    import pyarrow as pa  # noqa: PLC0415

    return pa.int64() if kind_of(metric) in {"count", "duration"} else pa.float64()


def _told(scenario: Scenario, asked: Sequence[Asked], seed: int) -> dict[str, Any]:
    """What a study is of. The digest is that of all that the scenario says but its expectations."""
    world = scenario.model_copy(update={"expect": ()})
    return {
        "scenario": scenario.name,
        "digest": digest(world),
        "seed": seed,
        "version": importlib.metadata.version("outboxsim"),
        "metrics": [one.metric for one in asked],
        "select": sorted({digest(one.select, 12) for one in asked}),
    }


def _written(file: Path, content: bytes) -> None:
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_bytes(content)
    unfinished.replace(file)

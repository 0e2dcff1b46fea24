"""The three tables as files and back without loss: CSV and Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from outboxsim.analysis.frames import ATTEMPT_COLUMNS, EMAIL_COLUMNS, EVENT_COLUMNS, decoded_detail
from outboxsim.analysis.result import Result
from outboxsim.engine.trace import BY_SYSTEM, Event, EventKind
from outboxsim.outbox import SendStatus
from outboxsim.quantities import Clock

TABLES: Final = {"emails": EMAIL_COLUMNS, "attempts": ATTEMPT_COLUMNS, "events": EVENT_COLUMNS}


def save(result: Result, folder: Path, file_format: Literal["csv", "parquet"]) -> list[Path]:
    """Write the tables of a result; the files written."""
    if file_format not in ("csv", "parquet"):
        raise ValueError(f"{file_format!r} is no format of tables; write csv or parquet")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in TABLES:
        frame: pd.DataFrame = getattr(result, name)
        path = folder / f"{name}.{file_format}"
        if file_format == "parquet":
            frame.to_parquet(path, index=False)
        else:
            _as_text(frame).to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
        written.append(path)
    path = folder / "run.json"
    path.write_text(json.dumps({**_described(result), "format": file_format}, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return [*written, path]


def _described(result: Result) -> dict[str, Any]:
    """What the tables do not say of themselves in CSV: whose they are, when they start and end, and the kinds of columns."""
    columns = {name: {column: _kind(getattr(result, name)[column]) for column in columns} for name, columns in TABLES.items()}
    clock = result.clock
    return {**result.attrs, "start": clock.iso(0), "time_zone": clock.time_zone, "until": result.horizon, "columns": columns}


def _kind(series: pd.Series) -> Any:
    """A column's kind: a list of its categories, or the name of its dtype."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        return series.cat.categories.tolist()
    return "instant" if isinstance(series.dtype, pd.DatetimeTZDtype) else str(series.dtype)


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**{str(name): _iso(column) for name, column in frame.items() if isinstance(column.dtype, pd.DatetimeTZDtype)})


def _iso(column: pd.Series) -> pd.Series:
    """Instants in ISO 8601 with microseconds and offset, missing ones as missing."""
    local = column.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    utc = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    missing = np.isnat(local)
    minutes = np.where(missing, 0, (local - utc).astype(np.int64) // 60_000_000)
    offsets = {
        minute: f"{'-' if minute < 0 else '+'}{abs(minute) // 60:02d}:{abs(minute) % 60:02d}" for minute in np.unique(minutes).tolist()
    }
    texts = np.datetime_as_string(local, unit="us")
    values = [
        None if gone else text + offsets[minute]
        for gone, text, minute in zip(missing.tolist(), texts.tolist(), minutes.tolist(), strict=True)
    ]
    return pd.Series(values, index=column.index, dtype=object)


def load(folder: Path) -> Result:
    """Read the tables that `save` wrote."""
    described = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    clock = Clock(described["start"], described["time_zone"])
    frames = {}
    for name in TABLES:
        path = folder / f"{name}.{described['format']}"
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else _read_csv(path, described["columns"][name], clock)
        frame.attrs.update({key: described[key] for key in ("scenario", "seed", "version")})
        frames[name] = frame
    return Result.from_tables(frames["emails"], frames["attempts"], frames["events"], clock=clock, horizon=described["until"])


def _read_csv(path: Path, kinds: dict[str, Any], clock: Clock) -> pd.DataFrame:
    text = pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[], encoding="utf-8")
    return pd.DataFrame({name: _typed(text[name], kind, clock) for name, kind in kinds.items()})


#: Columns in which an empty text is a text; elsewhere an empty cell is a missing value.
_TEXTS: Final = frozenset({"detail", "subject", "to", "id"})


def _typed(column: pd.Series, kind: Any, clock: Clock) -> Any:
    missing = column == ""
    if isinstance(kind, list):
        return pd.Categorical(column.where(~missing), categories=pd.Index(kind, dtype="str"))
    if kind == "instant":
        instants = pd.to_datetime(column.where(~missing), utc=True, format="ISO8601").dt.as_unit("us")
        return instants.dt.tz_convert(clock.time_zone)
    if kind == "bool":
        return column == "True"
    if kind == "str":
        return column if column.name in _TEXTS else column.where(~missing)
    return pd.to_numeric(column.where(~missing)).astype(kind)


def coded_events(events: pd.DataFrame, emails: pd.DataFrame, clock: Clock) -> Iterator[Event]:
    """The table's rows as events in codes, as the engine records them."""
    rows = {email_id: row for row, email_id in enumerate(emails["id"].tolist())}
    work_items = {name: code for code, name in enumerate(emails["work_item"].cat.categories.tolist())}
    connectors = {name: code for code, name in enumerate(emails["connector"].cat.categories.tolist())}
    users = {name: code for code, name in enumerate(emails["from"].cat.categories.tolist())} | {"system": BY_SYSTEM}
    times = (
        events["time"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[us]").astype(np.int64) - clock.epoch_us
    ).tolist()
    columns = [
        events[name].astype(object).tolist() for name in ("event", "email", "connector", "actor", "from_status", "to_status", "detail")
    ]
    for time, kind, email, connector, actor, before, after, detail in zip(times, *columns, strict=True):
        decoded = decoded_detail(detail, clock.epoch_us)
        if decoded is not None and kind == "submitted" and "work_item" in decoded:
            decoded["work_item"] = work_items[decoded["work_item"]]
        yield Event(
            time,
            EventKind[kind.upper()],
            rows.get(email, -1),
            connectors.get(connector, -1),
            users.get(actor, -1),
            _status(before),
            _status(after),
            decoded,
        )


def _status(word: object) -> int:
    return SendStatus.of(word) if isinstance(word, str) else -1

"""Writes turns to a file for spreadsheets and programs: CSV or JSON, page by page, never what was said."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import tempfile
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any, TextIO

from app.core.turn import TurnRow, row_from_dict, row_to_dict

_PAGE = 500
# With these at its start, spreadsheets take a text for a formula; see owasp.org/www-community/attacks/CSV_Injection.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of what turns name by id."""

    tokens: Mapping[str, str]
    licenses: Mapping[str, str]
    sessions: Mapping[str, str]


async def export_turns(
    call: Callable[..., Awaitable[Any]],
    path: Path,
    names: Names,
    accepts: Callable[[TurnRow], bool] | None,
    recent: Sequence[TurnRow] = (),
) -> int:
    """Write all turns that are accepted, the newest first; returns how many.

    The file is JSON if it is called so, otherwise CSV. It is there as a whole, or not at all.

    Args:
        call: carries out `turn.list`.
        path: of the file; what is there is replaced.
        names: as they are now.
        accepts: which turns; None: all.
        recent: turns that ended just now, and may not be stored yet.

    Raises:
        OSError: it cannot be written.
        WaystationError: the turns cannot be read.
    """
    file = _TurnFile(path, names)
    count = 0
    try:
        place: dict[str, Any] = {}
        while True:
            page = [row_from_dict(row) for row in await call("turn.list", limit=_PAGE, **place)]
            last = page[-1] if len(page) == _PAGE else None
            if not place:
                page = _with_recent(page, recent)
            wanted = [row for row in page if accepts is None or accepts(row)]
            await asyncio.to_thread(file.write, wanted)
            count += len(wanted)
            if last is None:
                break
            place = {"before": last.started_at, "before_id": last.id}
        await asyncio.to_thread(file.finish)
    except BaseException:
        file.abandon()
        raise
    return count


def record(row: TurnRow, names: Names) -> dict[str, Any]:
    """A turn with the names of what it names, as JSON can carry it."""
    flat = row_to_dict(row)
    usage = flat.pop("usage") or dict.fromkeys(("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens"))
    return {
        "time": datetime.fromtimestamp(row.started_at).astimezone().isoformat(timespec="milliseconds"),
        **flat,
        **usage,
        "edits": list(row.edits),
        "verbatim": row.verbatim,
        "token": names.tokens.get(row.token_id or ""),
        "license": names.licenses.get(row.license_id or ""),
        "session": names.sessions.get(row.session_id or ""),
    }


def report(row: TurnRow) -> str:
    """One turn to show to somebody who helps: JSON, without the names that the user gave."""
    return json.dumps({**asdict(row), "verbatim": row.verbatim}, indent=2, ensure_ascii=False)


def csv_cell(value: Any) -> Any:
    """A value as a spreadsheet takes it for what it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        value = "; ".join(_in_short(item) for item in value)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _in_short(item: Any) -> str:
    return item if isinstance(item, str) else " ".join(str(part) for part in item.values())


def _with_recent(page: list[TurnRow], recent: Sequence[TurnRow]) -> list[TurnRow]:
    """The first page, also with what is newer than its end and not stored yet."""
    stored = {row.id for row in page}
    whole = len(page) < _PAGE
    new = [row for row in recent if row.id not in stored and (whole or row.started_at > page[-1].started_at)]
    return sorted([*new, *page], key=attrgetter("started_at"), reverse=True)


class _TurnFile:
    """A file that takes its name only when it is whole. Called from threads, one at a time."""

    def __init__(self, path: Path, names: Names) -> None:
        self._path = path
        self._names = names
        self._json = path.suffix.lower() == ".json"
        self._lock = threading.Lock()
        self._file: TextIO | None = None
        self._unfinished = path
        self._begun = False

    def write(self, rows: Sequence[TurnRow]) -> None:
        """Add these."""
        with self._lock:
            file = self._opened()
            table = csv.writer(file)
            for row in rows:
                said = record(row, self._names)
                if self._json:
                    file.write((",\n" if self._begun else "\n") + json.dumps(said, ensure_ascii=False))
                else:
                    if not self._begun:
                        table.writerow(said)
                    table.writerow([csv_cell(value) for value in said.values()])
                self._begun = True

    def finish(self) -> None:
        """It is whole now."""
        with self._lock:
            file = self._opened()
            if self._json:
                file.write("\n]\n")
            file.flush()
            os.fsync(file.fileno())
            file.close()
            os.replace(self._unfinished, self._path)

    def abandon(self) -> None:
        """It will never be whole."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._unfinished.unlink(missing_ok=True)

    def _opened(self) -> TextIO:
        if self._file is None:
            # A mark at the start tells spreadsheets that a CSV file is UTF-8.
            encoding = "utf-8" if self._json else "utf-8-sig"
            name = f".{self._path.name[:40]}."
            handle, unfinished = tempfile.mkstemp(prefix=name, suffix=".part", dir=self._path.parent)
            self._unfinished = Path(unfinished)
            self._file = os.fdopen(handle, "w", encoding=encoding, newline="")
            if self._json:
                self._file.write("[")
        return self._file

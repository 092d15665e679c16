"""The waiting room: what has arrived and waits for its shard, and what was found about it, safe from any kill.

Each process appends photos to a pack and findings to a journal of the same name. A finding is written after its photo:
what a journal says, a later run can build on.
"""

import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd
import pyarrow as pa
import pyarrow.json as pj
from filelock import FileLock, Timeout

from lesionflow.errors import LesionflowError

WRITTEN = pa.schema(
    [
        ("record_id", pa.string()), ("key", pa.string()), ("status", pa.string()), ("reason", pa.string()),
        ("detail", pa.string()), ("final_url", pa.string()), ("fetched_sha256", pa.string()),
        ("fetched_length", pa.int64()), ("sha256", pa.string()), ("format", pa.string()), ("width", pa.int64()),
        ("height", pa.int64()), ("mask_sha256", pa.string()),
        ("offset", pa.int64()), ("length", pa.int64()), ("mask_offset", pa.int64()), ("mask_length", pa.int64()),
    ]
)  # fmt: skip
"""A journal's line; offsets and lengths are in bytes, in the pack of the same name."""
FILE = "file"
"""The column, in what is read, for the file in which the offsets lie."""
Finding = dict[str, Any]
BLOCK = 64 << 20
"""Bytes read at once; a line is never longer."""
ORPHANS_TIMEOUT = 60
"""Seconds that a killed run's crawlers may take to notice; they notice at once, but may be writing."""


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """Hold a lock, after having waited for who holds it.

    Raises
    ------
    LesionflowError : that takes too long.
    """
    try:
        with FileLock(lock, timeout=ORPHANS_TIMEOUT):
            yield
    except Timeout:
        raise LesionflowError(
            f"{lock}: in use",
            got="another ingestion at work in this folder",
            expected="one at a time",
            remedy="Wait for it, or end it.",
        ) from None


class WaitingRoom:
    """A folder with journals/, packs and all, and locks/."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._journals, self._locks = folder / "journals", folder / "locks"

    def open(self) -> None:
        """Create the folders, and wait for processes that a killed run left behind.

        Raises
        ------
        LesionflowError : one of them does not end.
        """
        for path in (self._journals, self._locks):
            path.mkdir(parents=True, exist_ok=True)
        for lock in self._locks.iterdir():
            with held(lock):
                lock.unlink()

    @contextmanager
    def journal(self) -> Iterator["Journal"]:
        """A new journal, under a lock that tells later runs that this process still writes; names sort by time."""
        name = f"{time.time_ns():020d}-{uuid4().hex}"
        lines, pack = (self._journals / f"{name}.{kind}" for kind in ("jsonl", "pack"))
        lock = FileLock(self._locks / f"{name}.lock")
        with lock, lines.open("ab", buffering=0) as findings, pack.open("ab", buffering=0) as photos:
            yield Journal(findings.fileno(), photos.fileno())

    def findings(self) -> pd.DataFrame:
        """All findings of all journals, older journals first; where a record has several, they are all there."""
        parts = [_read(path) for path in sorted(self._journals.glob("*.jsonl")) if _mended(path)]
        empty = WRITTEN.append(pa.field(FILE, pa.dictionary(pa.int32(), pa.string()))).empty_table()
        frame: pd.DataFrame = (
            pa.concat_tables([empty, *parts])
            .unify_dictionaries()
            .to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        )
        return frame

    def count(self) -> int:
        """The number of findings so far, for a progress bar."""
        return sum(_lines(path) for path in self._journals.glob("*.jsonl"))


class Journal:
    """An open journal and its pack; threads may share it."""

    def __init__(self, findings: int, photos: int) -> None:
        self._findings, self._photos = findings, photos
        self._end, self._one_at_a_time = 0, threading.Lock()

    def put(self, content: bytes) -> Finding:
        """Append a photo or mask to the pack; return sha256, offset and length."""
        with self._one_at_a_time:
            offset = self._end
            _write(self._photos, content)
            self._end += len(content)
        return {"sha256": hashlib.sha256(content).hexdigest(), "offset": offset, "length": len(content)}

    def append(self, finding: Finding) -> None:
        """Write one finding; a kill leaves at most one half line."""
        with self._one_at_a_time:
            _write(self._findings, json.dumps(finding).encode() + b"\n")


def _write(file: int, content: bytes) -> None:
    while content:  # a large write may be taken in part
        content = content[os.write(file, content) :]


def _read(path: Path) -> pa.Table:
    options = pj.ParseOptions(explicit_schema=WRITTEN, unexpected_field_behavior="ignore")
    table = pj.read_json(path, read_options=pj.ReadOptions(block_size=BLOCK), parse_options=options)
    # A category, since a million paths would take as much room as everything else.
    codes = pa.repeat(pa.scalar(0, pa.int32()), len(table))
    file = pa.DictionaryArray.from_arrays(codes, [str(path.with_suffix(".pack"))])
    return table.append_column(FILE, file)


def _mended(path: Path) -> bool:
    """Cut off the half line that a kill may have left; whether whole ones remain."""
    with path.open("r+b") as file:
        whole = _end_of_last_line(file.fileno())
        file.truncate(whole)
    return whole > 0


def _end_of_last_line(file: int) -> int:
    """Where the last whole line ends, looking from the end backwards."""
    end = os.fstat(file).st_size
    while end > 0:
        start = max(0, end - (1 << 16))
        place = os.pread(file, end - start, start).rfind(b"\n")
        if place >= 0:
            return start + place + 1
        end = start
    return 0


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))

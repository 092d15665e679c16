"""New shards and their ledger take the place of the old ones together, though a kill may come at any moment.

They are written into new/, which is renamed to ready/ once it is whole; from then on they count, and whoever finds a
ready/ moves its files to where they belong, as often as it takes.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from lesionflow import files, tables
from lesionflow.ingest.waiting import WaitingRoom, held

LEDGER, KEPT = "ingested.parquet", "kept.json"


class Staging:
    """outputs/shards and outputs/ingested.parquet, and the waiting room beside them."""

    def __init__(self, outputs: Path) -> None:
        outputs = outputs.absolute()
        self.shards, self.ledger = outputs / "shards", outputs / LEDGER
        self._lock = outputs / ".shards.lock"
        waiting = outputs / ".shards.waiting"
        self.room = WaitingRoom(waiting)
        self.new, self._ready, self._done = (waiting / name for name in ("new", "ready", "done"))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold these outputs for one ingestion.

        Raises
        ------
        LesionflowError : another one is at work, as what a killed `dvc repro` leaves running, and does not end.
        """
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with held(self._lock):
            yield

    def open(self) -> pd.DataFrame:
        """Finish what a killed run had ready, and return the ledger of the photos that are stored."""
        self.shards.mkdir(parents=True, exist_ok=True)
        self.room.open()
        self._install()
        for left_over in (self.new, self._done):
            _remove(left_over)
        self.new.mkdir()
        ledger = tables.read_cached(self.ledger, tables.INGESTED)
        there = {path.name for path in self.shards.iterdir()}
        return ledger[ledger["shard"].isna() | ledger["shard"].isin(there)]

    def commit(self, ledger: pd.DataFrame, kept: Iterable[str]) -> None:
        """Let the shards in new/ count, with this ledger; of the older shards, those named in `kept` stay."""
        tables.write(ledger, self.new / LEDGER, tables.INGESTED)
        files.write_json(sorted({*kept, *(path.name for path in self.new.glob("*.tar"))}), self.new / KEPT)
        self.new.rename(self._ready)
        self._install()

    def clear(self) -> None:
        """Remove the waiting room."""
        _remove(self.room.folder)

    def _install(self) -> None:
        if not self._ready.exists():
            return
        kept = files.read_json(self._ready / KEPT)
        for shard in self._ready.glob("*.tar"):
            shard.replace(self.shards / shard.name)
        for path in self.shards.iterdir():
            if path.name not in kept:
                _remove(path)
        if (self._ready / LEDGER).exists():
            (self._ready / LEDGER).replace(self.ledger)
        self._ready.rename(self._done)  # in one step; a half-removed ready/ would say something else
        _remove(self._done)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

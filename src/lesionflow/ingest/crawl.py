"""Rows whose photos lie on the web: shared out to crawlers, each of which has hosts of its own."""

import json
import os
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from tqdm import tqdm

from lesionflow import parallel
from lesionflow.errors import LesionflowError
from lesionflow.ingest.addresses import host
from lesionflow.ingest.admission import Row
from lesionflow.ingest.settings import IngestParams
from lesionflow.ingest.waiting import WaitingRoom

if TYPE_CHECKING:
    from lesionflow.ingest import spider  # noqa: F401 (run by name, so that only the crawlers load Twisted)

CRAWLER = "lesionflow.ingest.spider"
LOOK = 0.5
"""Seconds between looks whether the run that asked for the crawl still lives, and at its progress."""


class Partition(NamedTuple):
    """A crawler's rows, where relative paths start, and where bytes go."""

    rows: list[Row]
    base: Path
    room: Path
    settings: IngestParams

    def written(self) -> str:
        """As text for another process."""
        content = {"rows": self.rows, "base": str(self.base), "room": str(self.room)}
        return json.dumps(content | {"settings": self.settings.model_dump(mode="json")})

    @classmethod
    def read(cls, text: str) -> "Partition":
        """What `written` wrote."""
        content = json.loads(text)
        rows = [Row(*cells) for cells in content["rows"]]
        settings = IngestParams.model_validate(content["settings"])
        return cls(rows, Path(content["base"]), Path(content["room"]), settings)


def crawl(rows: list[Row], base: Path, room: WaitingRoom, settings: IngestParams) -> None:
    """Bring a finding of each row into the journals."""
    if not rows:
        return
    partitions = [Partition(part, base, room.folder, settings) for part in shared_out(rows, settings)]
    with _progress(room, len(rows)):
        for _ in parallel.map_ordered(_run, partitions, desc="crawlers", unit="crawler", waits=True):
            pass


def shared_out(rows: list[Row], settings: IngestParams) -> list[list[Row]]:
    """One part for each worker: a host is in one part only, so that one crawler sees all that is asked of it.

    Where politeness is off, rows are shared out evenly.
    """
    count = parallel.workers()
    if not settings.web.polite:
        return [part for part in (rows[start::count] for start in range(count)) if part]
    by_host: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_host[host_of(row)].append(row)
    parts: list[list[Row]] = [[] for _ in range(count)]
    for of_host in sorted(by_host.values(), key=len, reverse=True):
        min(parts, key=len).extend(of_host)
    return [part for part in parts if part]


def host_of(row: Row) -> str:
    """The host that a row is asked of: its photo's, or its mask's where the photo is not on the web."""
    return host(row.url) or host(row.mask or "")


def _run(partition: Partition) -> None:
    """Crawl in a process of its own; it ends when its standard input does, so that it never outlives this one."""
    boss = os.getppid()
    with TemporaryDirectory() as folder:
        job = Path(folder) / "partition.json"
        job.write_text(partition.written(), encoding="utf-8")
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-m", CRAWLER, str(job)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as crawler:  # noqa: S603 (our own module)
            while _still_runs(crawler):
                if os.getppid() != boss:
                    os._exit(1)  # killed boss: nobody waits for this, and stdin's end takes the crawler along
    if crawler.returncode != 0:
        raise LesionflowError("ingest: a crawler failed", got="what stands above", remedy="Run `dvc repro` again.")


def _still_runs(crawler: "subprocess.Popen[bytes]") -> bool:
    try:
        crawler.wait(LOOK)
    except subprocess.TimeoutExpired:
        return True
    return False


@contextmanager
def _progress(room: WaitingRoom, total: int) -> Iterator[None]:
    """Show how many rows have ended, from the journals that the crawlers write."""
    before, done = room.count(), threading.Event()
    bar = tqdm(total=total, desc="ingest web", unit="row", disable=parallel.quiet())

    def look() -> None:
        while not done.wait(LOOK):
            bar.update(room.count() - before - bar.n)

    watcher = threading.Thread(target=look, daemon=True)
    if not bar.disable:
        watcher.start()
    try:
        yield
    finally:
        done.set()
        bar.close()

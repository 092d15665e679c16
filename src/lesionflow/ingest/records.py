"""From manifest rows to ledger rows: each ends as a stored photo or as a reason."""

from collections.abc import Iterator, Mapping
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from lesionflow import parallel
from lesionflow.ingest import crawl, reuse, shelving
from lesionflow.ingest.addresses import is_remote, is_web
from lesionflow.ingest.admission import Arrival, Body, Row, admit, local_key, remote_key
from lesionflow.ingest.fetch import fetch, refuse_missing_package
from lesionflow.ingest.reasons import Rejection
from lesionflow.ingest.settings import IngestParams
from lesionflow.ingest.staging import Staging
from lesionflow.ingest.waiting import Journal, WaitingRoom

CHUNKS = 16
"""Chunks of rows a worker, so that workers end at about the same time."""
LARGEST = 512
"""Rows of a chunk."""
THREADS = 8
"""Objects of a store asked for at once by a worker; it waits more than it works."""


class Job(NamedTuple):
    """Some rows; the key of each one's last finding that is still good; where paths start and where bytes go."""

    rows: list[Row]
    keys: Mapping[str, str]
    base: Path
    room: WaitingRoom
    settings: IngestParams


def ingest(manifest: pd.DataFrame, base: Path, staging: Staging, settings: IngestParams) -> pd.DataFrame:
    """Fetch, verify and store the photos of table manifest; return table ingested, which is then in place.

    What an earlier run stored is not fetched again, even if that run was killed.

    Parameters
    ----------
    base : the manifests' folder, from which relative paths start.
    """
    rows = rows_of(manifest)
    for row in rows:
        refuse_missing_package(row.url)
    ledger = staging.open()
    old = reuse.as_findings(ledger, staging.shards)
    remote_keys = reuse.keys(row for row in rows if _remote(row))
    record_ids = manifest["record_id"]

    known = reuse.current(pd.concat([old, staging.room.findings()]), remote_keys, record_ids)
    _fetch_all(rows, reuse.lasting(known, remote_keys, settings), base, staging.room, settings)
    findings = reuse.current(pd.concat([old, staging.room.findings()]), remote_keys, record_ids)
    ingested = shelving.shelve(manifest, findings, ledger, staging)
    staging.clear()
    return ingested


def rows_of(manifest: pd.DataFrame) -> list[Row]:
    """The manifest's rows, None where a cell is missing."""
    columns = manifest[list(Row._fields)].astype(object)
    return [Row(*cells) for cells in columns.where(columns.notna(), None).itertuples(index=False, name=None)]


def _remote(row: Row) -> bool:
    return is_remote(row.url) or is_remote(row.mask)


def _fetch_all(rows: list[Row], lasting: pd.DataFrame, base: Path, room: WaitingRoom, settings: IngestParams) -> None:
    """Bring a finding of every row into the journals, unless it has a lasting one."""
    keys: dict[str, str] = dict(zip(lasting["record_id"], lasting["key"], strict=True))
    near, web = [], []
    for row in rows:
        if is_web(row.url) or is_web(row.mask):
            web.append(row)
        elif not is_remote(row.url) or row.record_id not in keys:
            near.append(row)
    jobs = [Job(part, _of(part, keys), base, room, settings) for part in _chunks(near)]
    for _ in parallel.map_ordered(_work, jobs, desc="ingest files", unit="chunk"):
        pass
    crawl.crawl([row for row in web if row.record_id not in keys], base, room, settings)


def _chunks(rows: list[Row]) -> Iterator[list[Row]]:
    size = min(LARGEST, max(1, len(rows) // (CHUNKS * parallel.workers())))
    return iter(rows[start : start + size] for start in range(0, len(rows), size))


def _of(rows: list[Row], keys: Mapping[str, str]) -> dict[str, str]:
    return {row.record_id: keys[row.record_id] for row in rows if row.record_id in keys}


def _work(job: Job) -> None:
    """Write the findings of a chunk into a journal of its own."""
    with job.room.journal() as journal:
        if any(is_remote(row.url) for row in job.rows):
            with ThreadPool(THREADS) as threads:
                threads.map(lambda row: _one(row, job, journal), job.rows)
        else:
            for row in job.rows:
                _one(row, job, journal)


def _one(row: Row, job: Job, journal: Journal) -> None:
    """Write the row's finding, unless its bytes are those of the last one."""
    photo = _body(row.url, job)
    mask = None if row.mask is None else _body(row.mask, job)
    key = remote_key(row) if _remote(row) else local_key(row, photo, mask)
    if job.keys.get(row.record_id) != key:
        journal.append(admit(Arrival(row, key, photo, mask), journal, max_pixels=job.settings.max_pixels))


def _body(address: str, job: Job) -> Body:
    """The bytes at an address that is not on the web, or why there are none."""
    try:
        return fetch(address, job.base, job.settings)
    except Rejection as rejection:
        return rejection

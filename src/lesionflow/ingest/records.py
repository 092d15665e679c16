"""From manifest rows to ledger rows: each ends as a stored photo or as a reason."""

import math
from collections.abc import Iterator, Mapping
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from lesionflow import parallel
from lesionflow.ingest import crawl, reuse, shelving
from lesionflow.ingest.addresses import Kind, is_remote, kind_or_none
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
MANY = 100_000
"""Rows; beyond it, the memory of idle workers is worth more than their next start."""
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
    # Workers on a cluster start in folders of their own.
    roots = tuple(root.absolute() for root in settings.file_roots)
    with staging.alone():
        return _ingest(manifest, base.absolute(), staging, settings.model_copy(update={"file_roots": roots}))


def _ingest(manifest: pd.DataFrame, base: Path, staging: Staging, settings: IngestParams) -> pd.DataFrame:
    kinds = manifest[["url", "mask"]].map(kind_or_none, na_action="ignore")
    web, remote = (kinds.isin(some).any(axis=1) for some in ([Kind.WEB], [Kind.WEB, Kind.STORE]))
    for address in manifest["url"][kinds["url"] == Kind.STORE]:
        refuse_missing_package(address)
    ledger = staging.open()
    remote_keys = reuse.keys(_rows(manifest[remote]))
    known = _findings(ledger, staging, remote_keys, manifest)
    lasting = reuse.lasting(known, remote_keys, settings)
    done = manifest["record_id"].isin(lasting["record_id"])
    # What is local is always read, to see whether it is still the same.
    _fetch(manifest[~web & ~(remote & done)], lasting, base, staging.room, settings)
    crawl.crawl(list(_rows(manifest[web & ~done])), base, staging.room, settings)
    del known, lasting
    ingested = shelving.shelve(manifest, _findings(ledger, staging, remote_keys, manifest), ledger, staging)
    staging.clear()
    return ingested


def _findings(
    ledger: pd.DataFrame, staging: Staging, remote_keys: "pd.Series[str]", manifest: pd.DataFrame
) -> pd.DataFrame:
    parts = [reuse.as_findings(ledger, staging.shards), staging.room.findings()]
    return reuse.current(pd.concat([part for part in parts if len(part)] or parts), remote_keys, manifest["record_id"])


def _rows(manifest: pd.DataFrame) -> Iterator[Row]:
    """The manifest's rows, None where a cell is missing."""
    for row in manifest[list(Row._fields)].itertuples(index=False, name=None):
        record_id, url, checksum, mask = (None if pd.isna(cell) else str(cell) for cell in row)
        yield Row(str(record_id), str(url), checksum, mask)


def _fetch(
    manifest: pd.DataFrame, lasting: pd.DataFrame, base: Path, room: WaitingRoom, settings: IngestParams
) -> None:
    """Bring a finding of each of these rows, which are not on the web, into the journals, unless the last one holds."""
    keys = dict(zip(lasting["record_id"], lasting["key"], strict=True))
    size = min(LARGEST, max(1, len(manifest) // (CHUNKS * parallel.workers())))
    parts = (list(_rows(manifest.iloc[start : start + size])) for start in range(0, len(manifest), size))
    jobs = (Job(part, _of(part, keys), base, room, settings) for part in parts)
    count = math.ceil(len(manifest) / size)
    for _ in parallel.map_ordered(_work, jobs, desc="ingest files", unit="chunk", total=count):
        pass
    if len(manifest) > MANY:
        parallel.rest()


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
    remote = is_remote(row.url) or is_remote(row.mask)
    key = remote_key(row) if remote else local_key(row, photo, mask)
    if job.keys.get(row.record_id) != key:
        journal.append(admit(Arrival(row, key, photo, mask), journal, max_pixels=job.settings.max_pixels))


def _body(address: str, job: Job) -> Body:
    """The bytes at an address that is not on the web, or why there are none."""
    try:
        return fetch(address, job.base, job.settings)
    except Rejection as rejection:
        return rejection

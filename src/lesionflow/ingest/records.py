"""From manifest rows to ledger rows: each ends as a stored photo or as a reason."""

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from lesionflow import parallel, tables
from lesionflow.ingest import store
from lesionflow.ingest.fetch import fetch
from lesionflow.ingest.privacy import as_png, strip
from lesionflow.ingest.reasons import Rejection
from lesionflow.ingest.settings import IngestParams
from lesionflow.ingest.store import Stored
from lesionflow.ingest.verify import verify

CHUNK = 32
Ledger = dict[str, Any]


class Job(NamedTuple):
    """Some rows of one manifest: id, address, checksum and mask of each; where paths start, and where bytes go."""

    rows: Sequence[tuple[str, str, str | None, str | None]]
    base: Path
    room: Path
    settings: IngestParams


def ingest(manifest: pd.DataFrame, base: Path, shards: Path, settings: IngestParams) -> pd.DataFrame:
    """Fetch, verify and store the photos of table manifest; return table ingested.

    Parameters
    ----------
    base : the manifests' folder, from which relative paths start.
    shards : the folder for shards; those of manifests that are gone are removed.
    """
    ledger: list[Ledger] = []
    shards.mkdir(parents=True, exist_ok=True)
    for name, rows in manifest.groupby("manifest", sort=True):
        ledger += _one_manifest(str(name), rows, base, shards, settings)
    store.remove_others(shards, {row["shard"] for row in ledger if row["shard"]})
    return pd.DataFrame(ledger, columns=list(tables.INGESTED.columns))


def _one_manifest(name: str, rows: pd.DataFrame, base: Path, shards: Path, settings: IngestParams) -> list[Ledger]:
    columns = ["record_id", "url", "checksum", "mask"]
    records = list(rows[columns].astype(object).where(rows[columns].notna(), None).itertuples(index=False, name=None))
    # Bytes wait in files, not in memory: a manifest may be larger than that.
    with store.waiting_room(shards) as room:
        jobs = [Job(part, base, room, settings) for part in parallel.chunked(records, CHUNK)]
        done = [row for part in parallel.map_ordered(_work, jobs, desc=f"ingest {name}", unit="chunk") for row in part]
        places = store.write_shards(name, _photos(done, room), shards)
    return [row | (_placed(places[row["sha256"]]) if row["sha256"] else _placed(None)) for row in done]


def _photos(done: list[Ledger], room: Path) -> list[Stored]:
    """Each content once; where rows share it, the mask of the first row that has one, whoever came first."""
    photos: dict[str, Stored] = {}
    for row in done:
        sha256, mask = row["sha256"], row["mask"]
        if sha256 and (sha256 not in photos or (mask and photos[sha256].mask is None)):
            photos[sha256] = Stored(sha256, row["format"], room / sha256, room / mask if mask else None)
    return list(photos.values())


def _placed(place: store.Place | None) -> Ledger:
    names = ("shard", "offset", "length", "mask_offset", "mask_length")
    return {name: getattr(place, name, None) for name in names}


def _work(job: Job) -> list[Ledger]:
    return [_one(*row, job) for row in job.rows]


def _one(record_id: str, address: str, checksum: str | None, mask: str | None, job: Job) -> Ledger:
    row: Ledger = {"record_id": record_id, "status": "failed", "reason": "", "detail": "", "fetched_sha256": None}
    row |= {"sha256": None, "format": None, "width": None, "height": None, "mask": None}
    try:
        fetched = fetch(address, job.base, job.settings)
        row["fetched_sha256"] = hashlib.sha256(fetched).hexdigest()
        verified = verify(fetched, checksum, max_pixels=job.settings.max_pixels)
    except Rejection as rejection:
        return row | {"reason": str(rejection.reason), "detail": rejection.detail}
    content, extension = strip(fetched, verified.extension)
    row |= {"status": "stored", "sha256": _put(job.room, content), "format": extension}
    row |= {"width": verified.width, "height": verified.height}
    return row if mask is None else row | _mask(mask, (verified.width, verified.height), job)


def _mask(address: str, size: tuple[int, int], job: Job) -> Ledger:
    """Store the mask as PNG; where that fails, say why, for a photo counts without its mask too."""
    try:
        content = fetch(address, job.base, job.settings)
        verified = verify(content, None, max_pixels=job.settings.max_pixels)
    except Rejection as rejection:
        return {"detail": f"mask: {rejection}"}
    if verified[1:] != size:
        return {"detail": f"mask: {verified.width}x{verified.height}, photo {size[0]}x{size[1]}"}
    return {"mask": _put(job.room, as_png(content))}


def _put(room: Path, content: bytes) -> str:
    """Store under the content's hash, and return that. Two workers may bring the same: the last rename wins."""
    sha256 = hashlib.sha256(content).hexdigest()
    with tempfile.NamedTemporaryFile(dir=room, delete=False) as partial:
        partial.write(content)
    Path(partial.name).rename(room / sha256)
    return sha256

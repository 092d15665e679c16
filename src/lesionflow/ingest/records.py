"""From manifest rows to ledger rows: each ends as a stored photo or as a reason."""

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from lesionflow import parallel
from lesionflow.images import UnreadableImageError, decode
from lesionflow.ingest import store
from lesionflow.ingest.fetch import fetch
from lesionflow.ingest.privacy import strip
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
    store.remove_others(shards, {row["shard"] for row in ledger})
    return pd.DataFrame(ledger)


def _one_manifest(name: str, rows: pd.DataFrame, base: Path, shards: Path, settings: IngestParams) -> list[Ledger]:
    columns = ["record_id", "url", "checksum", "mask"]
    records = list(rows[columns].astype(object).where(rows[columns].notna(), None).itertuples(index=False, name=None))
    # Bytes wait in files, not in memory: a manifest may be larger than that.
    with tempfile.TemporaryDirectory(prefix=".ingest.", dir=shards.parent) as room:
        jobs = [Job(part, base, Path(room), settings) for part in parallel.chunked(records, CHUNK)]
        done = [row for part in parallel.map_ordered(_work, jobs, desc=f"ingest {name}", unit="chunk") for row in part]
        places = store.write_shards(name, _photos(done, Path(room)), shards)
    return [row | (_placed(places[row["sha256"]]) if row["sha256"] else _placed(None)) for row in done]


def _photos(done: list[Ledger], room: Path) -> list[Stored]:
    """Each content once; several rows may hold the same bytes, with or without a mask."""
    photos: dict[str, Stored] = {}
    for row in done:
        if row["sha256"] and (row["sha256"] not in photos or photos[row["sha256"]].mask is None):
            path, mask = room / row["sha256"], room / f"{row['sha256']}.mask"
            photos[row["sha256"]] = Stored(row["sha256"], row["format"], path, mask if mask.exists() else None)
    return list(photos.values())


def _placed(place: store.Place | None) -> Ledger:
    names = ("shard", "offset", "length", "mask_offset", "mask_length")
    return {name: getattr(place, name, None) for name in names}


def _work(job: Job) -> list[Ledger]:
    return [_one(*row, job) for row in job.rows]


def _one(record_id: str, address: str, checksum: str | None, mask: str | None, job: Job) -> Ledger:
    row: Ledger = {"record_id": record_id, "status": "failed", "reason": "", "detail": "", "fetched_sha256": None}
    row |= {"sha256": None, "format": None, "width": None, "height": None}
    try:
        fetched = fetch(address, job.base, job.settings)
        row["fetched_sha256"] = hashlib.sha256(fetched).hexdigest()
        verified = verify(fetched, checksum, max_pixels=job.settings.max_pixels)
    except Rejection as rejection:
        return row | {"reason": str(rejection.reason), "detail": rejection.detail}
    content, extension = strip(fetched, verified.extension)
    sha256 = hashlib.sha256(content).hexdigest()
    _put(job.room / sha256, content)
    row |= {"status": "stored", "sha256": sha256, "format": extension, "detail": _store_mask(mask, sha256, job)}
    return row | {"width": verified.width, "height": verified.height}


def _store_mask(address: str | None, sha256: str, job: Job) -> str:
    """Store the mask beside the photo; return what went wrong, for a photo counts without its mask too."""
    if address is None:
        return ""
    try:
        content = fetch(address, job.base, job.settings)
        decode(content, max_pixels=job.settings.max_pixels)
    except Rejection as rejection:
        return f"mask {rejection.reason}"
    except UnreadableImageError:
        return "mask undecodable"
    _put(job.room / f"{sha256}.mask", content)
    return ""


def _put(path: Path, content: bytes) -> None:
    """Two workers may bring the same content: each writes its own file, and the last rename wins."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as partial:
        partial.write(content)
    Path(partial.name).rename(path)

"""What fingerprinting costs beside merely decoding the same photos in full."""

import io
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from lesionflow import parallel, tables
from lesionflow.curate import fingerprint
from lesionflow.images import StoredPhoto

PAIRS = 7
CHUNK = fingerprint.CHUNK
"""Photos handed to a worker at once, in both."""


def ratio_to_decode(folder: Path, *, pairs: int = PAIRS) -> dict[str, Any]:
    """Seconds of fingerprinting every JPEG of a folder over seconds of decoding them in full.

    Both read the photos from one shard, packed beforehand, on the same number of workers, alternating. Each run starts
    its workers anew and ends them, so that start and imports count in both.

    Returns
    -------
    `photos`, `workers`, `pairs` (of `decode_seconds`, `fingerprint_seconds`), the medians under the same names, and
    `ratio`, the median of the pairs' ratios.
    """
    with tempfile.TemporaryDirectory() as room:
        photos = packed(sorted(folder.glob("*.jpg")), Path(room) / "photos")
        runs = [(seconds(_decode, photos), seconds(_fingerprint, photos)) for _ in range(pairs)]
    decoding, fingerprinting = zip(*runs, strict=True)
    return {
        "photos": len(photos),
        "workers": parallel.workers(),
        "pairs": [{"decode_seconds": d, "fingerprint_seconds": f} for d, f in runs],
        "decode_seconds": statistics.median(decoding),
        "fingerprint_seconds": statistics.median(fingerprinting),
        "ratio": statistics.median(f / d for d, f in runs),
    }


def packed(files: Sequence[Path], shard: Path) -> list[StoredPhoto]:
    """The files one after the other in `shard`, named by their place."""
    photos, offset = [], 0
    with shard.open("wb") as whole:
        for number, file in enumerate(files):
            length = whole.write(file.read_bytes())
            photos.append(StoredPhoto(f"{number:064d}", shard, offset, length))
            offset += length
    return photos


def seconds(work: Callable[[Sequence[StoredPhoto]], None], photos: Sequence[StoredPhoto]) -> float:
    """Wall-clock time of the work with workers of its own."""
    parallel.rest()
    started = time.perf_counter()
    work(photos)
    parallel.rest()
    return time.perf_counter() - started


def decode(photos: Sequence[StoredPhoto]) -> int:
    """Pixels of the photos, each decoded in full by Pillow and by nothing else."""
    decoded = (Image.open(io.BytesIO(photo.read())).convert("RGB") for photo in photos)
    return sum(picture.width * picture.height for picture in decoded)


def _decode(photos: Sequence[StoredPhoto]) -> None:
    sum(parallel.map_ordered(decode, parallel.chunked(photos, CHUNK), desc="decode", unit="chunk"))


def _fingerprint(photos: Sequence[StoredPhoto]) -> None:
    sizes = dict.fromkeys((photo.sha256 for photo in photos), (1, 1))  # known from ingestion; here they don't matter
    fingerprint.with_cached(photos, sizes, tables.FINGERPRINTS.empty())

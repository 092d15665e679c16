"""Hash and measure the photos that have no fingerprint yet."""

from pathlib import Path

from lesionflow import tables
from lesionflow.curate import fingerprint
from lesionflow.errors import command
from lesionflow.images import stored_photos

OUTPUTS = Path("outputs")


@command
def main() -> None:
    """Write fingerprints.parquet."""
    ingested = tables.read(OUTPUTS / "ingested.parquet", tables.INGESTED)
    photos = list(stored_photos(ingested, OUTPUTS / "shards").values())
    known = ingested.dropna(subset=["sha256"])
    sizes = dict(zip(known["sha256"], zip(known["width"], known["height"], strict=True), strict=True))
    path = OUTPUTS / "fingerprints.parquet"
    cached = tables.read_cached(path, tables.FINGERPRINTS)
    tables.write(fingerprint.with_cached(photos, sizes, cached), path, tables.FINGERPRINTS)


if __name__ == "__main__":
    main()

"""Local features of the photos that have none yet."""

from pathlib import Path

from lesionflow import tables
from lesionflow.curate import local_features
from lesionflow.errors import command
from lesionflow.images import stored_photos

OUTPUTS = Path("outputs")


@command
def main() -> None:
    """Write local_features.parquet."""
    ingested = tables.read(OUTPUTS / "ingested.parquet", tables.INGESTED)
    photos = list(stored_photos(ingested, OUTPUTS / "shards").values())
    path = OUTPUTS / "local_features.parquet"
    cached = tables.read_cached(path, tables.LOCAL_FEATURES)
    tables.write(local_features.with_cached(photos, cached), path, tables.LOCAL_FEATURES)


if __name__ == "__main__":
    main()

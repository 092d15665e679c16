"""Gather what is known of each photo of the split: skin type, sex, age, site, source, sharpness."""

from pathlib import Path

from lesionflow import files, tables
from lesionflow.errors import command
from lesionflow.evaluate import traits

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write traits.parquet and traits.json."""
    split = tables.read(OUTPUTS / "split.parquet", tables.SPLIT)
    manifest = tables.read(OUTPUTS / "manifest.parquet", tables.MANIFEST)
    ingested = tables.read(OUTPUTS / "ingested.parquet", tables.INGESTED)
    fingerprints = tables.read(OUTPUTS / "fingerprints.parquet", tables.FINGERPRINTS, columns=["sha256", "sharpness"])
    table, known = traits.gather(split, manifest, ingested, fingerprints)
    tables.write(table, OUTPUTS / "traits.parquet", tables.TRAITS)
    files.write_json(known, REPORTS / "traits.json")


if __name__ == "__main__":
    main()

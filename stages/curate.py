"""Decide which photos count."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.curate import duplicates, quality, verdicts
from lesionflow.curate.settings import DuplicatesParams, QualityParams
from lesionflow.errors import command

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write curated.parquet, duplicate_pairs.parquet and curation.json."""
    manifest = tables.read(OUTPUTS / "manifest.parquet", tables.MANIFEST)
    ingested = tables.read(OUTPUTS / "ingested.parquet", tables.INGESTED)
    fingerprints = tables.read(OUTPUTS / "fingerprints.parquet", tables.FINGERPRINTS)
    unusable = quality.unusable(fingerprints, params.load("curate.quality", QualityParams))
    usable = fingerprints[~fingerprints["sha256"].isin(unusable.index)].reset_index(drop=True)
    pairs = duplicates.confirmed(usable, params.load("curate.duplicates", DuplicatesParams))
    curated = verdicts.curate(manifest, ingested, fingerprints, pairs, unusable)
    tables.write(curated, OUTPUTS / "curated.parquet", tables.CURATED)
    tables.write(pairs, OUTPUTS / "duplicate_pairs.parquet", tables.DUPLICATE_PAIRS)
    files.write_json(verdicts.summarise(curated, pairs), REPORTS / "curation.json")


if __name__ == "__main__":
    main()

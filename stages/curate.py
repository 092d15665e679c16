"""Decide which photos count."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.curate import decisions, duplicates, quality, verdicts
from lesionflow.curate.settings import DuplicatesParams, QualityParams
from lesionflow.errors import command
from lesionflow.ingest import csvrows, taxonomy

DATA, OUTPUTS, REPORTS = Path("data"), Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write curated.parquet, duplicate_pairs.parquet, curation.json and conflicts.csv."""
    manifest = tables.read(OUTPUTS / "manifest.parquet", tables.MANIFEST)
    ingested = tables.read(OUTPUTS / "ingested.parquet", tables.INGESTED)
    fingerprints = tables.read(OUTPUTS / "fingerprints.parquet", tables.FINGERPRINTS)
    evidence = tables.read(OUTPUTS / "pair_evidence.parquet", tables.PAIR_EVIDENCE)
    unusable = quality.unusable(fingerprints, params.load("curate.quality", QualityParams))
    usable = set(fingerprints["sha256"]) - set(unusable.index)
    among = evidence[evidence["sha256_a"].isin(usable) & evidence["sha256_b"].isin(usable)]
    found = duplicates.confirmed(among, params.load("curate.duplicates", DuplicatesParams))
    told = decisions.load(DATA / decisions.FILE, csvrows.read, set(taxonomy.load(DATA / "taxonomy.yaml").classes))
    pairs = duplicates.decided(found, told, usable)
    curated = verdicts.curate(manifest, ingested, fingerprints, pairs, unusable, told)
    tables.write(curated, OUTPUTS / "curated.parquet", tables.CURATED)
    tables.write(pairs, OUTPUTS / "duplicate_pairs.parquet", tables.DUPLICATE_PAIRS)
    files.write_json(verdicts.summarise(curated, pairs, told), REPORTS / "curation.json")
    files.write_text(verdicts.conflicts(curated, manifest, pairs).to_csv(index=False), REPORTS / "conflicts.csv")


if __name__ == "__main__":
    main()

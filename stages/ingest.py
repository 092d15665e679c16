"""Fetch, verify and store every photo of the manifest."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.errors import command
from lesionflow.ingest import records, summary
from lesionflow.ingest.settings import IngestParams

DATA, OUTPUTS, REPORTS = Path("data"), Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write ingested.parquet, shards/ and ingestion.json."""
    settings = params.load("ingest", IngestParams)
    manifest = tables.read(OUTPUTS / "manifest.parquet", tables.MANIFEST)
    ingested = records.ingest(manifest, DATA / "manifests", OUTPUTS / "shards", settings)
    tables.write(ingested, OUTPUTS / "ingested.parquet", tables.INGESTED)
    counts = summary.summarise(ingested, manifest)
    files.write_json(counts, REPORTS / "ingestion.json")
    summary.refuse_too_many_failures(ingested, counts, settings.max_failed_share)


if __name__ == "__main__":
    main()

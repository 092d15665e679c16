"""Fetch, verify and store every photo of the manifest."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.errors import command
from lesionflow.ingest import records, summary
from lesionflow.ingest.settings import IngestParams
from lesionflow.ingest.staging import Staging

DATA, OUTPUTS, REPORTS = Path("data"), Path("outputs"), Path("reports")
COLUMNS = ["record_id", "manifest", "url", "checksum", "mask", "source", "licence", "attribution"]


@command
def main() -> None:
    """Write ingested.parquet, shards/, ingestion.json and ingestion.md."""
    settings = params.load("ingest", IngestParams)
    manifest = tables.read(OUTPUTS / "manifest.parquet", tables.MANIFEST, columns=COLUMNS)
    ingested = records.ingest(manifest, DATA / "manifests", Staging(OUTPUTS), settings)
    counts = summary.summarise(ingested, manifest)
    files.write_json(counts, REPORTS / "ingestion.json")
    files.write_text(summary.as_markdown(counts), REPORTS / "ingestion.md")
    summary.refuse_too_many_failures(ingested, counts, settings.max_failed_share)


if __name__ == "__main__":
    main()

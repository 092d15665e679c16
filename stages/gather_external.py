"""Fetch, verify and store the photos of one external manifest."""

from pathlib import Path

from lesionflow import params
from lesionflow.errors import argument, command
from lesionflow.external import gathering
from lesionflow.external.settings import FOLDER, Source
from lesionflow.ingest import taxonomy
from lesionflow.ingest.settings import IngestParams

DATA = Path("data")


@command
def main() -> None:
    """Write external/<name>/manifest.parquet, ingested.parquet and shards/."""
    source = params.named(params.load("external", list[Source]), argument("source"), section="external", kind="source")
    known, settings = taxonomy.load(DATA / "taxonomy.yaml"), params.load("ingest", IngestParams)
    gathering.gather(source, known, FOLDER / source.name, settings)


if __name__ == "__main__":
    main()

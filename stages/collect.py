"""Gather the manifests into one table, with labels mapped by the taxonomy."""

from pathlib import Path

from lesionflow import tables
from lesionflow.errors import command
from lesionflow.ingest import manifest, taxonomy

DATA, OUTPUTS = Path("data"), Path("outputs")


@command
def main() -> None:
    """Write manifest.parquet."""
    known = taxonomy.load(DATA / "taxonomy.yaml")
    tables.write(manifest.collect(DATA / "manifests", known), OUTPUTS / "manifest.parquet", tables.MANIFEST)


if __name__ == "__main__":
    main()

"""Decide what becomes of classes that have too few photos."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.curate import classes
from lesionflow.curate.settings import ClassesParams
from lesionflow.errors import command
from lesionflow.ingest import taxonomy

DATA, OUTPUTS, REPORTS = Path("data"), Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write classes.parquet and classes.csv."""
    known = taxonomy.load(DATA / "taxonomy.yaml").classes
    malignant = {label for label, entry in known.items() if entry.malignant}
    manifest = tables.read(OUTPUTS / "manifest.parquet", tables.MANIFEST)
    ingested = tables.read(OUTPUTS / "ingested.parquet", tables.INGESTED)
    curated = tables.read(OUTPUTS / "curated.parquet", tables.CURATED)
    parents = {label: entry.parent for label, entry in known.items() if entry.parent}
    settings = params.load("curate.classes", ClassesParams)
    table = classes.enforce(manifest, ingested, curated, malignant, settings, parents=parents)
    tables.write(table, OUTPUTS / "classes.parquet", tables.CLASSES)
    images = table["used"].where(table["verdict"] == "keep", table["curated"])
    bars = table[["label"]].assign(images=images)
    files.write_text(bars.to_csv(index=False), REPORTS / "classes.csv")


if __name__ == "__main__":
    main()

"""Drop the classes that have too few photos."""

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
    table = classes.enforce(manifest, ingested, curated, malignant, params.load("curate.classes", ClassesParams))
    tables.write(table, OUTPUTS / "classes.parquet", tables.CLASSES)
    bars = table[["label", "curated"]].rename(columns={"curated": "images"})
    files.write_text(bars.to_csv(index=False), REPORTS / "classes.csv")


if __name__ == "__main__":
    main()

"""Gather what the manifests tell of the patients of the split's photos."""

from pathlib import Path

from lesionflow import tables
from lesionflow.errors import command
from lesionflow.learn import clinical

OUTPUTS = Path("outputs")


@command
def main() -> None:
    """Write clinical.parquet, apart, so that a change of a licence or an address in a manifest trains nothing anew."""
    split = tables.read(OUTPUTS / "split.parquet", tables.SPLIT)
    manifest = tables.read(OUTPUTS / "manifest.parquet", tables.MANIFEST)
    tables.write(clinical.table(split, manifest), OUTPUTS / "clinical.parquet", tables.CLINICAL)


if __name__ == "__main__":
    main()

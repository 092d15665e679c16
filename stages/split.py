"""Split by leakage group, and prove that nothing crosses."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.curate import splitting
from lesionflow.curate.settings import SplitParams
from lesionflow.errors import command

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write split.parquet, split.json and leakage.json."""
    curated = tables.read(OUTPUTS / "curated.parquet", tables.CURATED)
    classes = tables.read(OUTPUTS / "classes.parquet", tables.CLASSES)
    pairs = tables.read(OUTPUTS / "duplicate_pairs.parquet", tables.DUPLICATE_PAIRS)
    table = splitting.split(curated, classes, params.load("curate.split", SplitParams), seed=params.load("seed", int))
    found = splitting.leakage(table, pairs)
    splitting.refuse_leakage(found)
    tables.write(table, OUTPUTS / "split.parquet", tables.SPLIT)
    files.write_json(splitting.summarise(table), REPORTS / "split.json")
    files.write_json(found, REPORTS / "leakage.json")


if __name__ == "__main__":
    main()

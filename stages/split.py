"""Split by leakage group."""

import sys
from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.curate import frozen, split_summary, splitting
from lesionflow.curate.settings import SplitParams
from lesionflow.errors import command

MANIFESTS, OUTPUTS, REPORTS = Path("data/manifests"), Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write split.parquet and split.json."""
    curated = tables.read(OUTPUTS / "curated.parquet", tables.CURATED)
    classes = tables.read(OUTPUTS / "classes.parquet", tables.CLASSES)
    settings, seed = params.load("curate.split", SplitParams), params.load("seed", int)
    split = splitting.split(curated, classes, settings, seed=seed, ledger=frozen.read(MANIFESTS))
    # What a run finds of the one before it decides over a note to people, and over no result.
    if note := frozen.left_test(tables.read_cached(OUTPUTS / "split.parquet", tables.SPLIT), split.table):
        print(note, file=sys.stderr)
    tables.write(split.table, OUTPUTS / "split.parquet", tables.SPLIT)
    files.write_json(split_summary.summarise(split, settings), REPORTS / "split.json")


if __name__ == "__main__":
    main()

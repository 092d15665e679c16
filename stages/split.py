"""Split by leakage group, and prove that nothing crosses."""

import sys
from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.curate import frozen, split_summary, splitting
from lesionflow.curate.settings import SplitParams
from lesionflow.errors import command

MANIFESTS, OUTPUTS, REPORTS = Path("data/manifests"), Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write split.parquet, split.json and leakage.json."""
    curated = tables.read(OUTPUTS / "curated.parquet", tables.CURATED)
    classes = tables.read(OUTPUTS / "classes.parquet", tables.CLASSES)
    pairs = tables.read(OUTPUTS / "duplicate_pairs.parquet", tables.DUPLICATE_PAIRS)
    settings, seed = params.load("curate.split", SplitParams), params.load("seed", int)
    split = splitting.split(curated, classes, settings, seed=seed, ledger=frozen.read(MANIFESTS))
    found = splitting.leakage(split.table, pairs)
    splitting.refuse_leakage(found)
    # What a run finds of the one before it decides over a note to people, and over no result.
    if note := frozen.left_test(tables.read_cached(OUTPUTS / "split.parquet", tables.SPLIT), split.table):
        print(note, file=sys.stderr)
    tables.write(split.table, OUTPUTS / "split.parquet", tables.SPLIT)
    files.write_json(split_summary.summarise(split, settings), REPORTS / "split.json")
    files.write_json(found, REPORTS / "leakage.json")


if __name__ == "__main__":
    main()

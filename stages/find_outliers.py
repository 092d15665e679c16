"""Score how far each photo lies from the training photos, in one backbone's features."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.errors import argument, command
from lesionflow.evaluate import outliers
from lesionflow.evaluate.settings import OutliersParams
from lesionflow.learn import examples
from lesionflow.learn.head_inputs import Inputs

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write outliers/<slug>.parquet and outliers/<slug>.json."""
    slug, settings = argument("model"), params.load("outliers", OutliersParams)
    split = tables.read(OUTPUTS / "split.parquet", tables.SPLIT)
    features = tables.read(OUTPUTS / "features" / f"{slug}.parquet", tables.FEATURES)
    matrix = examples.join(split, features, Inputs(), tables.TRAITS.empty())
    table = outliers.score(split, matrix, settings)
    tables.write(table, OUTPUTS / "outliers" / f"{slug}.parquet", tables.OUTLIERS)
    found = outliers.summary(split, table, settings)
    files.write_json({"model": slug, **found}, REPORTS / "outliers" / f"{slug}.json")


if __name__ == "__main__":
    main()

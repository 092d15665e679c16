"""Compare every active model with the best one, on the same test photos."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.errors import command
from lesionflow.evaluate import comparison
from lesionflow.evaluate.settings import CompareParams

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write comparison.json and comparison.csv."""
    names = params.classifiers(
        params.load("active", list[str]),
        params.load("active_recipes", list[str]),
        params.load("joined", list[params.Joined]),
    )
    found = comparison.compare(
        {name: tables.read(OUTPUTS / "predictions" / f"{name}.parquet", tables.PREDICTIONS) for name in names},
        tables.labels_in_order(tables.read(OUTPUTS / "classes.parquet", tables.CLASSES)),
        params.load("compare", CompareParams),
        count=params.load("evaluate.bootstrap", int),
        confidence=params.load("evaluate.confidence", float),
        seed=params.load("seed", int),
    )
    files.write_json(found, REPORTS / "comparison.json")
    files.write_text(comparison.to_csv(found), REPORTS / "comparison.csv")


if __name__ == "__main__":
    main()

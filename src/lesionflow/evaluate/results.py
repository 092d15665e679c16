"""What is kept of a classifier's predictions: the table, and what is measured of it."""

from pathlib import Path

import pandas as pd

from lesionflow import files, tables
from lesionflow.evaluate import predictions
from lesionflow.evaluate.settings import EvaluateParams


def write(
    table: pd.DataFrame,
    classes: pd.DataFrame,
    settings: EvaluateParams,
    *,
    name: str,
    seed: int,
    outputs: Path,
    reports: Path,
) -> None:
    """Write outputs/predictions/<name>.parquet, and reports/metrics/<name>.json, per_class/ and confusion/<name>.csv.

    Parameters
    ----------
    table, classes : the tables predictions and classes.
    """
    labels, malignant = tables.labels_in_order(classes), tables.malignant_labels(classes)
    tables.write(table, outputs / "predictions" / f"{name}.parquet", tables.PREDICTIONS)
    measured = predictions.report(table, labels, settings, seed=seed, malignant=malignant)
    files.write_json({"model": name, **measured}, reports / "metrics" / f"{name}.json")
    for kind, frame in (
        ("per_class", predictions.per_class(table, labels)),
        ("confusion", predictions.confusion(table)),
    ):
        files.write_text(frame.to_csv(index=False), reports / kind / f"{name}.csv")

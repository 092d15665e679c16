"""The classifiers of this run that can be served, and the best of them."""

from pathlib import Path

import pandas as pd

from lesionflow import params, tables
from lesionflow.errors import LesionflowError
from lesionflow.evaluate import comparison
from lesionflow.evaluate.settings import CompareParams

OUTPUTS = Path("outputs")


def names() -> list[str]:
    """The classifiers of this run; not the joined ones, which have no head of their own to be served."""
    return params.classifiers(params.load("active", list[str]), params.load("active_recipes", list[str]))


def best() -> tuple[str, pd.DataFrame, list[str]]:
    """The best of `names` on validation, by `compare.criterion`; its predictions, and the labels in order of class_id.

    Raises
    ------
    LesionflowError : no finished run here, or no validation photos.
    """
    labels = tables.labels_in_order(tables.read(OUTPUTS / "classes.parquet", tables.CLASSES))
    found = {name: tables.read(OUTPUTS / f"predictions/{name}.parquet", tables.PREDICTIONS) for name in names()}
    model = comparison.best(found, labels, params.load("compare", CompareParams).criterion)
    if model is None:
        raise LesionflowError(
            "no best classifier", expected="validation photos to choose it on", remedy="Add photos, or run `dvc repro`."
        )
    return model, found[model], labels

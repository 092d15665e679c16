"""The classifiers of this run, and the best of them."""

from pathlib import Path

import pandas as pd

from lesionflow import params, tables
from lesionflow.errors import LesionflowError
from lesionflow.evaluate import comparison
from lesionflow.evaluate.settings import CompareParams
from lesionflow.params import Joined

OUTPUTS = Path("outputs")


def names() -> list[str]:
    """The classifiers of this run, joined pairs last."""
    active, recipes = (params.load(key, list[str]) for key in ("active", "active_recipes"))
    return params.classifiers(active, recipes, joined())


def joined() -> list[Joined]:
    """The pairs of this run."""
    return params.load("joined", list[Joined])


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

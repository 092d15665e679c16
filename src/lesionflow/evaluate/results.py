"""A model's predictions as a table, and what they amount to in each part of the split."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from lesionflow.evaluate import metrics
from lesionflow.evaluate.intervals import EvaluateParams, with_intervals
from lesionflow.evaluate.metrics import Array, Classes


class Part(NamedTuple):
    """Probabilities (n, classes), class ids (n,) and leakage groups (n,) of one part."""

    probabilities: Array
    truth: Classes
    groups: npt.NDArray[np.object_]


def predictions(
    model: str, split: pd.DataFrame, probabilities: npt.NDArray[np.float32], labels: list[str]
) -> pd.DataFrame:
    """Table predictions: the split's rows with the probabilities, in the order of the labels."""
    table = split[["sha256", "split", "group", "label", "class_id"]].copy()
    table.insert(1, "model", model)
    table["predicted"] = [labels[best] for best in probabilities.argmax(axis=1)]
    table["probabilities"] = list(probabilities)
    return table


def part(table: pd.DataFrame, name: str) -> Part:
    """The photos of train, val or test."""
    rows = table[table["split"] == name]
    return Part(
        np.stack(rows["probabilities"].to_list()).astype(float),
        rows["class_id"].to_numpy(dtype=np.int64),
        rows["group"].to_numpy(dtype=object),
    )


def summarise(table: pd.DataFrame, settings: EvaluateParams, *, seed: int) -> dict[str, Any]:
    """Metrics of the test part with intervals, and of train and val without."""
    test = part(table, "test")
    summary: dict[str, Any] = {
        "model": table["model"].iloc[0],
        "test": {
            "photos": len(test.truth),
            "groups": len(np.unique(test.groups.astype(str))),
            **with_intervals(*test, settings, seed=seed),
        },
    }
    for name in ("val", "train"):
        here = part(table, name)
        values = metrics.measure(here.probabilities, here.truth, top_k=settings.top_k)
        summary[name] = {"photos": len(here.truth), **metrics.available(values)}
    return summary


def confusion_pairs(table: pd.DataFrame) -> pd.DataFrame:
    """Actual and predicted label of each test photo, as DVC's confusion plot wants them."""
    test = table[table["split"] == "test"].sort_values("sha256")
    return test[["label", "predicted"]].rename(columns={"label": "actual"})

"""Features and split joined: what a head is trained and measured on."""

import numpy as np
import pandas as pd

from lesionflow.errors import LesionflowError
from lesionflow.learn.head import Features
from lesionflow.learn.training import Examples


def labels_in_order(classes: pd.DataFrame) -> list[str]:
    """The kept labels in the order of their class_id."""
    kept = classes[classes["verdict"] == "keep"].sort_values("class_id")
    return list(kept["label"])


def join(split: pd.DataFrame, features: pd.DataFrame) -> tuple[pd.DataFrame, Features]:
    """The split's rows in their order, and the matrix (rows, width) of their features.

    Raises
    ------
    LesionflowError : a photo of the split has no features.
    """
    place = pd.Series(range(len(features)), index=features["sha256"])
    absent = split.loc[~split["sha256"].isin(place.index), "sha256"]
    if len(absent):
        raise LesionflowError(
            f"features: photo {absent.iloc[0]}",
            got=f"no features, as of {len(absent)} photos",
            expected="features of every photo of the split",
            remedy="Run `dvc repro extract_features`.",
        )
    return split, np.stack(features["features"].to_list())[place[split["sha256"]].to_numpy()]


def part(split: pd.DataFrame, matrix: Features, name: str) -> Examples:
    """The examples of one part: train, val or test."""
    chosen = (split["split"] == name).to_numpy()
    return Examples(matrix[chosen], split.loc[chosen, "class_id"].to_numpy(dtype=np.int64))

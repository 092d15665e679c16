"""Features, clinical metadata and split joined: what a head is trained and measured on."""

import numpy as np
import pandas as pd
import torch

from lesionflow.errors import LesionflowError
from lesionflow.learn import clinical, photo_views
from lesionflow.learn.head import Features
from lesionflow.learn.head_inputs import Inputs
from lesionflow.learn.training import Examples


def join(split: pd.DataFrame, features: pd.DataFrame, inputs: Inputs, told: pd.DataFrame) -> Features:
    """The matrix (rows of split, input width) that a head sees.

    Parameters
    ----------
    features : table features, a row a photo and view.
    told : table traits; looked at only when `inputs` asks for metadata.

    Raises
    ------
    LesionflowError : a photo of the split has no features of a view.
    """
    of_views = [_of_view(split, features, view) for view in inputs.needed]
    matrix = photo_views.joined(torch.from_numpy(np.stack(of_views, axis=1)), flips=inputs.flips).numpy()
    if not inputs.clinical:
        return matrix
    rows = split[["sha256"]].merge(told, on="sha256", how="left")
    return np.concatenate([matrix, clinical.encode(rows, inputs.clinical)], axis=1)


def _of_view(split: pd.DataFrame, features: pd.DataFrame, view: str) -> Features:
    rows = features[features["view"] == view]
    place = pd.Series(range(len(rows)), index=rows["sha256"])
    absent = split.loc[~split["sha256"].isin(place.index), "sha256"]
    if len(absent):
        have = ", ".join(sorted(features["view"].unique())) or "none"
        raise LesionflowError(
            f"features: photo {absent.iloc[0]}",
            got=f"no features of view {view}, as of {len(absent)} photos; views there are: {have}",
            expected="features of every photo of the split",
            remedy="Name the view in extract_features.views of params.yaml, then run `dvc repro extract_features`.",
        )
    return np.stack(rows["features"].to_list())[place[split["sha256"]].to_numpy()]


def part(split: pd.DataFrame, matrix: Features, name: str) -> Examples:
    """The examples of one part: train, val or test."""
    chosen = (split["split"] == name).to_numpy()
    return Examples(matrix[chosen], split.loc[chosen, "class_id"].to_numpy(dtype=np.int64))

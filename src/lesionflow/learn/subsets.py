"""Smaller training sets for the ablation: shares of the leakage groups of each class, the smaller within the larger."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from lesionflow import seeding

Flags = npt.NDArray[np.bool_]


def of_training(split: pd.DataFrame, *, share: float, seed: int) -> Flags:
    """Which rows of the split are trained on (rows,): about `share` (0-1) of each class's training photos.

    Whole groups are taken, those of each class in an order drawn from the seed, so that a smaller share lies within a
    larger one; as many as come nearest to the share, and one at least. A group that holds several classes counts in
    each of them, and is taken when one of them takes it.
    """
    rows = split[split["split"] == "train"]
    taken: set[str] = set()
    for class_id, of_class in rows.groupby("class_id"):
        taken.update(_groups(of_class["group"].value_counts().sort_index(), share=share, seed=seed, name=class_id))
    return np.asarray((split["split"] == "train") & split["group"].isin(taken), dtype=bool)


def _groups(photos: pd.Series, *, share: float, seed: int, name: object) -> list[str]:
    """The first groups of the drawn order whose photos come nearest to the share; `photos` counts them by group."""
    drawn = photos.iloc[seeding.generator(seed, "subset", name).permutation(len(photos))]
    reached = np.cumsum(drawn.to_numpy())
    # Of two equally near counts the smaller: then a larger share never takes fewer.
    count = int(np.abs(reached - share * reached[-1]).argmin()) + 1
    return list(drawn.index[:count])

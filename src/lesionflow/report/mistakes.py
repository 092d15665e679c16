"""Which classes a model takes for which."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesionflow.errors import LesionflowError

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Mistake:
    """`photos` of `of` photos of class `actual` were predicted as `predicted`."""

    actual: str
    predicted: str
    photos: int
    of: int

    @property
    def share(self) -> float:
        """Of the photos of the actual class."""
        return self.photos / self.of


def counts(rows: pd.DataFrame, labels: Sequence[str], *, name: str) -> Counts:
    """Photos by truth (row) and prediction (column), both in the order of `labels`.

    Parameters
    ----------
    rows : one a photo: columns actual, predicted.

    Raises
    ------
    LesionflowError : a label that is no kept class, so that these predictions are of another run.
    """
    strange = sorted((set(rows["actual"]) | set(rows["predicted"])) - set(labels))
    if strange:
        raise LesionflowError(
            f"reports/confusion/{name}.csv: unknown class",
            got=", ".join(map(repr, strange)),
            expected=f"one of {', '.join(labels)}",
            remedy=f"The file is of another run: `dvc repro evaluate@{name}`.",
        )
    places = {label: place for place, label in enumerate(labels)}
    table = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(table, (rows["actual"].map(places).to_numpy(int), rows["predicted"].map(places).to_numpy(int)), 1)
    return table


def largest(table: Counts, labels: Sequence[str], *, most: int) -> list[Mistake]:
    """The commonest mistakes, by photos, then by share of the true class, then in the order of labels."""
    found = [
        Mistake(labels[row], labels[column], int(table[row, column]), int(table[row].sum()))
        for row, column in zip(*table.nonzero(), strict=True)
        if row != column
    ]
    return sorted(found, key=lambda mistake: (-mistake.photos, -mistake.share))[:most]


def never_recognised(table: Counts, labels: Sequence[str]) -> list[str]:
    """Classes that have photos, none of which was predicted right."""
    return [label for place, label in enumerate(labels) if table[place].any() and not table[place, place]]

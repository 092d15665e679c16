"""The champion and the candidate on the same test photos, none of which the champion has learned from.

The test photos are those of the present run. A photo that the champion was tested on keeps its answer; photos that are
new to it are answered anew; photos that it learned from, and those of one leakage group with such a photo, say nothing
fair about it and are left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from lesionflow.errors import LesionflowError
from lesionflow.evaluate import predictions

Reals = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sorted:
    """The candidate's test rows that count, the photos that the champion must still answer, and what was left out.

    `lost` and `relabelled` are photos of the champion's own test that are no longer tested, or under another label;
    of `before` photos.
    """

    rows: pd.DataFrame
    unanswered: tuple[str, ...]
    learned: int
    lost: int
    relabelled: int
    before: int


@dataclass(frozen=True)
class Pair:
    """Probabilities (photos, classes) of both on the same photos, their class_id (photos,) and leakage groups."""

    candidate: Reals
    champion: Reals
    class_id: Ids
    groups: tuple[str, ...]


def sort_out(candidate: pd.DataFrame, record: pd.DataFrame) -> Sorted:
    """Which test photos count.

    Parameters
    ----------
    candidate : its predictions, of all splits, with the present run's groups and labels.
    record : the champion's predictions, as of the run that made it.
    """
    test, old = predictions.of_split(candidate, "test"), predictions.of_split(record, "test")
    learned = set(record["sha256"]) - set(old["sha256"])
    tainted = set(candidate.loc[candidate["sha256"].isin(learned), "group"])
    fair = test[~test["group"].isin(tainted)]
    both = old.merge(test[["sha256", "label"]], on="sha256", suffixes=("_before", ""))
    return Sorted(
        rows=fair,
        unanswered=tuple(sorted(set(fair["sha256"]) - set(old["sha256"]))),
        learned=len(test) - len(fair),
        lost=len(old) - len(both),
        relabelled=int((both["label_before"] != both["label"]).sum()),
        before=len(old),
    )


def aligned(probabilities: Reals, theirs: Sequence[str], ours: Sequence[str]) -> Reals:
    """Probabilities (photos, theirs) over other classes (photos, ours), each row summing to 1.

    A class that the model does not know gets none; what it gave to classes that are gone is shared out in proportion,
    and evenly where nothing else is left.
    """
    found = np.zeros((len(probabilities), len(ours)))
    for column, label in enumerate(ours):
        if label in theirs:
            found[:, column] = probabilities[:, list(theirs).index(label)]
    totals = found.sum(axis=1, keepdims=True)
    return np.where(totals > 0, found / np.where(totals > 0, totals, 1), 1 / len(ours))


def pair(
    sorted_out: Sorted,
    record: pd.DataFrame,
    answers: Mapping[str, Sequence[float]],
    *,
    theirs: Sequence[str],
    ours: Sequence[str],
) -> Pair:
    """Both answers to each photo that counts.

    Parameters
    ----------
    answers : the champion's probabilities of the photos that were unanswered, by sha256.
    theirs, ours : the champion's classes, and the present ones, in the order of the probabilities.

    Raises
    ------
    LesionflowError : an answer is missing.
    """
    old = predictions.of_split(record, "test")
    known = dict(zip(old["sha256"], old["probabilities"], strict=True)) | dict(answers)
    rows = sorted_out.rows
    absent = [photo for photo in rows["sha256"] if photo not in known]
    if absent:
        raise LesionflowError("champion's answers", got=f"none to {len(absent)} photos, e.g. {absent[0]}")
    probabilities, class_id = predictions.arrays(rows, ours)
    champion = np.array([known[photo] for photo in rows["sha256"]], dtype=float).reshape(len(rows), len(theirs))
    return Pair(probabilities, aligned(champion, theirs, ours), class_id, tuple(rows["group"]))

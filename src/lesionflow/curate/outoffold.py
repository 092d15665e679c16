"""Class probabilities of every photo by a model that saw neither it nor any other photo of its leakage group."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from lesionflow import seeding

Reals = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
COMPONENTS = 128
"""Principal components: on milk10k they rank planted label errors as well as all 1,280 features, and much faster."""
LOGIT_VARIANCE = 1.0
"""What the penalty expects of a class's logit: variance of the weights (scikit-learn's C) times that of the features,
which standardised are as many as the width. On milk10k, a third or three times as much ranks alike."""
MOST_ITERATIONS = 500


@dataclass(frozen=True)
class OutOfFold:
    """Probabilities (photos, classes), and of which photos they mean something (photos,); other rows are 0."""

    probabilities: Reals
    available: Flags


def predict(matrix: Reals, class_ids: Wholes, groups: Wholes, *, classes: int, folds: int, seed: int) -> OutOfFold:
    """Out-of-fold probabilities by multinomial logistic regression on principal components, classes weighted equally.

    With equal weights a label is not doubted for being rare alone.

    A photo whose class has no photo in the other folds is not available: a model that never saw the class cannot
    doubt the label. So it is for all photos of a class in one leakage group, and for all photos where the features
    are the same or no two folds can be made. The order of rows matters for the folds: give them sorted.

    Parameters
    ----------
    matrix : features (photos, width), finite.
    class_ids, groups : whole numbers (photos,); the class ids are below `classes`.
    folds : at most; fewer when there are fewer groups, or when no class has so many photos.
    """
    found = OutOfFold(np.zeros((len(matrix), classes)), np.zeros(len(matrix), dtype=bool))
    if not len(matrix) or not np.ptp(matrix, axis=0).any():
        return found
    for train, held_out in _folds(class_ids, groups, folds, seed):
        known = np.unique(class_ids[train])
        if len(known) > 1:
            model = _head(len(train), matrix.shape[1], seed).fit(matrix[train], class_ids[train])
            found.probabilities[np.ix_(held_out, known)] = model.predict_proba(matrix[held_out])
            found.available[held_out] = np.isin(class_ids[held_out], known)
    found.probabilities[~found.available] = 0
    return found


def _head(photos: int, width: int, seed: int) -> Pipeline:
    return make_pipeline(
        StandardScaler(),
        PCA(min(COMPONENTS, photos, width), random_state=seeding.derive(seed, "review", "components") % 2**32),
        LogisticRegression(C=LOGIT_VARIANCE / width, class_weight="balanced", max_iter=MOST_ITERATIONS),
    )


def _folds(class_ids: Wholes, groups: Wholes, most: int, seed: int) -> Iterator[tuple[Wholes, Wholes]]:
    """Rows to train on and rows held out, of each fold."""
    folds = min(most, len(np.unique(groups)), int(np.bincount(class_ids).max()))
    if folds < 2:
        return
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seeding.derive(seed, "review", "folds") % 2**32)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)  # such photos become unavailable
        parts = list(splitter.split(np.zeros(len(groups)), class_ids, groups))
    for train, held_out in parts:
        if len(held_out):
            yield train, held_out

"""What a recipe chooses on validation: the epoch that is kept, and how far logits are adjusted after training."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix

from lesionflow import seeding
from lesionflow.learn.head import Classes, Features

Reals = npt.NDArray[np.float64]
RESAMPLES = 200
"""Of the validation photos, in each of which a tau is chosen."""


def score(actual: Classes, predicted: Classes, classes: int, *, trade: float) -> float:
    """`trade` * balanced accuracy + (1 - trade) * Matthews' correlation; the latter is 0 for a single prediction.

    Every class must have a photo.
    """
    return _of_table(confusion_matrix(actual, predicted, labels=range(classes)).astype(float), trade)


def _of_table(table: Reals, trade: float) -> float:
    support, given = table.sum(axis=1), table.sum(axis=0)
    # Gorodkin 2004, as in evaluate.confusions, which this room does not reach.
    covariance = np.trace(table) * table.sum() - support @ given
    spread = (table.sum() ** 2 - support @ support) * (table.sum() ** 2 - given @ given)
    mcc = covariance / np.sqrt(spread) if spread > 0 else 0.0
    return float(trade * np.mean(np.diag(table) / support) + (1 - trade) * mcc)


def log_prior(class_ids: Classes, classes: int) -> Features:
    """The logarithm of each class's share (classes,) of the photos that a head was trained on."""
    counts = np.bincount(class_ids, minlength=classes).astype(float)
    return np.asarray(np.log(counts / counts.sum()), dtype=np.float32)


def adjustment(
    logits: Features, actual: Classes, prior: Features, taus: Sequence[float], *, trade: float
) -> tuple[float, float]:
    """How many times `prior` is to be taken from the logits, tau, and the score of these photos then.

    Logit adjustment after training (Menon et al. 2021, "Long-tail learning via logit adjustment", 4.1). Tau is the mean
    of those of `taus` that score best in resamples of each class's photos (bagging: Breiman 1996): the best of all
    photos at once hangs on a few of them, and on milk10k varied twice as much from split to split. Of equal scores the
    smallest tau wins. Without taus, tau is 0.
    """
    classes, tried = len(prior), sorted(taus) or [0.0]
    predicted = [adjusted(logits, prior, tau).argmax(axis=1) for tau in tried]
    tau = tried[0] if len(tried) == 1 else round(float(np.mean(_best(tried, predicted, actual, classes, trade))), 3)
    return tau, score(actual, adjusted(logits, prior, tau).argmax(axis=1), classes, trade=trade)


def _best(
    taus: Sequence[float], predicted: Sequence[Classes], actual: Classes, classes: int, trade: float
) -> list[float]:
    """The best of `taus` in each resample, by what is predicted with each."""
    cells, found = [actual * classes + one for one in predicted], []
    for counts in _resampled(actual, classes):
        tables = (np.bincount(cell, counts, minlength=classes**2).reshape(classes, classes) for cell in cells)
        found.append(taus[int(np.argmax([_of_table(table.astype(float), trade) for table in tables]))])
    return found


def _resampled(actual: Classes, classes: int) -> Reals:
    """How often each photo is drawn (resamples, photos); of each class as many as there are."""
    generator = seeding.generator(0, "adjustment")  # the same draws for whatever is compared
    counts = np.zeros((RESAMPLES, len(actual)))
    for rows in (np.flatnonzero(actual == class_id) for class_id in range(classes)):
        counts[:, rows] = generator.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=RESAMPLES)
    return counts


def adjusted(logits: Features, prior: Features, tau: float) -> Features:
    """Logits (photos, classes) from which tau * `prior` was taken; with tau 0 they are as they were."""
    return np.asarray(logits - np.float32(tau) * prior)

"""What a recipe chooses on validation: the epoch that is kept, and how far logits are adjusted after training."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix

from lesionflow.learn.head import Classes, Features

Reals = npt.NDArray[np.float64]


def score(actual: Classes, predicted: Classes, classes: int, *, trade: float) -> float:
    """`trade` * balanced accuracy + (1 - trade) * Matthews' correlation; the latter is 0 for a single prediction.

    Every class must have a photo.
    """
    table = confusion_matrix(actual, predicted, labels=range(classes)).astype(float)
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
    """The tau of `taus` with the best score when tau * `prior` is taken from the logits, and that score.

    Logit adjustment after training (Menon et al. 2021, "Long-tail learning via logit adjustment", 4.1). Of equal
    scores the smallest tau wins. Without taus, tau is 0.
    """
    found = [
        (score(actual, adjusted(logits, prior, tau).argmax(axis=1), len(prior), trade=trade), -tau)
        for tau in (taus or (0.0,))
    ]
    best, negative = max(found)
    return -negative, best


def adjusted(logits: Features, prior: Features, tau: float) -> Features:
    """Logits (photos, classes) from which tau * `prior` was taken; with tau 0 they are as they were."""
    return np.asarray(logits - np.float32(tau) * prior)

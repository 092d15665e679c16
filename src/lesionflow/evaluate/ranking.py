"""AUROC and average precision of many weightings of the same photos at once: what makes a bootstrap of them cheap.

The photos are sorted once; a resample only weighs them anew. Every function takes weights (photos, weightings) and
returns arrays (weightings,), NaN where undefined. A test holds the values equal to scikit-learn's.
"""

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def auroc(scores: Reals, positive: Flags, weights: Reals) -> Reals:
    """Area under the ROC curve: the chance that a positive photo scores above a negative one, ties counting half.

    NaN where the positive or the negative photos weigh nothing (Mann and Whitney 1947; Fawcett 2006, 7).
    """
    return areas(scores, positive, weights)[0]


def average_precision(scores: Reals, positive: Flags, weights: Reals) -> Reals:
    """Area under the precision-recall curve by steps, as scikit-learn's; NaN where `auroc` is."""
    return areas(scores, positive, weights)[1]


def areas(scores: Reals, positive: Flags, weights: Reals) -> tuple[Reals, Reals]:
    """AUROC and average precision, from one sorting."""
    order = np.argsort(scores, kind="stable")
    scores, places = scores[order], np.flatnonzero(positive[order])
    below = _running(weights[order])
    positive_below = _running(weights[order] * positive[order][:, None])
    gains = weights[order][places]
    # A positive photo's rank lies between the first and the last photo of equal score.
    first, last = (np.searchsorted(scores, scores[places], side) for side in ("left", "right"))
    total, found = below[-1], positive_below[-1]
    negative_below = below - positive_below
    wins = (gains * (negative_below[first] + negative_below[last])).sum(axis=0) / 2
    above, hits = total - below[first], found - positive_below[first]
    precision = np.divide(hits, above, out=np.zeros_like(hits), where=above > 0)
    both = (found > 0) & (total - found > 0)
    return _ratio(wins, found * (total - found), both), _ratio((gains * precision).sum(axis=0), found, both)


def macro(probabilities: Reals, class_id: npt.NDArray[np.int64], weights: Reals) -> tuple[Reals, Reals]:
    """AUROC and average precision, each class against the rest, averaged over the classes that have weight.

    Parameters
    ----------
    probabilities : (photos, classes).
    class_id : (photos,).
    weights : (photos, weightings), 0 or more.
    """
    present = np.unique(class_id)
    found = [areas(probabilities[:, one], class_id == one, weights) for one in present]
    if not found:
        return np.full(weights.shape[1], np.nan), np.full(weights.shape[1], np.nan)
    auroc_by_class, precision_by_class = (np.stack(values) for values in zip(*found, strict=True))
    return _mean_of_defined(auroc_by_class), _mean_of_defined(precision_by_class)


def _running(weights: Reals) -> Reals:
    """Sums of the weights before each place, and after the last one."""
    return np.concatenate([np.zeros((1, weights.shape[1])), np.cumsum(weights, axis=0)])


def _ratio(above: Reals, below: Reals, where: Flags) -> Reals:
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=where))


def _mean_of_defined(values: Reals) -> Reals:
    defined = np.isfinite(values)
    return _ratio(
        np.where(defined, values, 0).sum(axis=0), defined.sum(axis=0).astype(float), np.asarray(defined.any(axis=0))
    )

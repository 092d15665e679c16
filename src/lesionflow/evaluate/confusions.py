"""The metrics of `metrics`, from many confusion matrices at once: what makes a bootstrap of all of them cheap.

Every function takes matrices (..., classes, classes) of counts, rows the truth and columns the prediction, and returns
arrays (...), NaN where undefined. The conventions are those of `metrics`; a test holds the two equal.
"""

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]


def measure(matrices: Reals) -> dict[str, Reals]:
    """Every metric that follows from a confusion matrix, by the names of `metrics.measure`."""
    right = np.diagonal(matrices, axis1=-2, axis2=-1)
    support, given = matrices.sum(axis=-1), matrices.sum(axis=-2)
    by_class = {
        "precision": _ratio(right, given, empty=0.0),
        "recall": _ratio(right, support, empty=0.0),
        "f1": _ratio(2 * right, support + given, empty=0.0),
    }
    result = {"accuracy": _ratio(right.sum(axis=-1), support.sum(axis=-1))}
    result["mcc"] = _mcc(right, support, given)
    result["kappa"] = _kappa(right, support, given)
    for name, values in by_class.items():
        result[f"macro_{name}"] = _mean(values, (support > 0).astype(float))
        result[f"weighted_{name}"] = _mean(values, support)
    return result | {"balanced_accuracy": result["macro_recall"]}


def _ratio(above: Reals, below: Reals, *, empty: float = np.nan) -> Reals:
    result = np.full(np.broadcast_shapes(above.shape, below.shape), empty)
    np.divide(above, below, out=result, where=below > 0)
    return result


def _mean(values: Reals, weights: Reals) -> Reals:
    return _ratio((values * weights).sum(axis=-1), weights.sum(axis=-1))


def _mcc(right: Reals, support: Reals, given: Reals) -> Reals:
    """Gorodkin 2004, "Comparing two K-category assignments by a K-category correlation coefficient"."""
    total = support.sum(axis=-1)
    covariance = right.sum(axis=-1) * total - (support * given).sum(axis=-1)
    spread_truth = total**2 - (support**2).sum(axis=-1)
    spread_given = total**2 - (given**2).sum(axis=-1)
    return _ratio(covariance, np.sqrt(spread_truth * spread_given))


def _kappa(right: Reals, support: Reals, given: Reals) -> Reals:
    """Cohen 1960, "A coefficient of agreement for nominal scales"; undefined where the truth knows one class only."""
    total = support.sum(axis=-1)
    by_chance = (support * given).sum(axis=-1)
    several = ((support > 0).sum(axis=-1) > 1).astype(float)
    return _ratio(right.sum(axis=-1) * total - by_chance, (total**2 - by_chance) * several)

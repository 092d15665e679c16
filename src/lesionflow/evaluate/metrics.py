"""Metrics of a classifier, all from confusion matrices and top-k hits, so that thousands of resamples cost little.

Conventions are scikit-learn's: balanced accuracy is the mean recall of the classes that occur in the truth; precision
of a class that is never predicted counts as 0 in macro and weighted means, over the classes that occur in truth or
prediction. What cannot be computed is NaN, never 0.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Classes = npt.NDArray[np.int64]


def top_k_hits(probabilities: Array, truth: Classes, k: int) -> npt.NDArray[np.bool_]:
    """Whether the truth is among the k most probable classes of each photo; ties go to the smaller class id."""
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    return np.asarray((order == truth[:, None]).any(axis=1))


def confusion(truth: Classes, predicted: Classes, classes: int) -> Array:
    """Counts (classes, classes): rows are the truth, columns the prediction."""
    cells = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes).astype(float)


def from_confusion(matrix: Array) -> dict[str, Array]:
    """Metrics of confusion matrices (..., classes, classes), each of shape (...).

    MCC is Gorodkin's for several classes (2004), as in scikit-learn; it is NaN where truth or prediction is constant.
    """
    right = np.diagonal(matrix, axis1=-2, axis2=-1)
    true, predicted = matrix.sum(axis=-1), matrix.sum(axis=-2)
    total = true.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall, f1 = right / true, 2 * right / (true + predicted)
        precision = np.where(predicted > 0, right / predicted, 0.0)
        present = (true + predicted) > 0
        occurring = true > 0
        product = (true * predicted).sum(axis=-1)
        spread = (total**2 - (true**2).sum(axis=-1)) * (total**2 - (predicted**2).sum(axis=-1))
        return {
            "accuracy": right.sum(axis=-1) / total,
            "balanced_accuracy": _mean(recall, occurring),
            "mcc": (right.sum(axis=-1) * total - product) / np.sqrt(np.where(spread > 0, spread, np.nan)),
            "macro_precision": _mean(precision, present),
            "macro_recall": _mean(np.where(occurring, recall, 0.0), present),
            "macro_f1": _mean(f1, present),
            "weighted_precision": (precision * true).sum(axis=-1) / total,
            "weighted_recall": right.sum(axis=-1) / total,
            "weighted_f1": (np.where(present, f1, 0.0) * true).sum(axis=-1) / total,
        }


def _mean(values: Array, chosen: npt.NDArray[np.bool_]) -> Array:
    return np.asarray(np.where(chosen, values, 0.0).sum(axis=-1) / chosen.sum(axis=-1))


def measure(probabilities: Array, truth: Classes, *, top_k: int) -> dict[str, float]:
    """All metrics of photos (n, classes) with class ids (n,)."""
    matrix = confusion(truth, probabilities.argmax(axis=1), probabilities.shape[1])
    return {name: float(value) for name, value in from_confusion(matrix).items()} | {
        f"top_{top_k}": float(top_k_hits(probabilities, truth, top_k).mean())
    }


def per_class(probabilities: Array, truth: Classes, labels: list[str]) -> pd.DataFrame:
    """Precision, recall and F1 of each class and its number of photos; NaN where not defined."""
    matrix = confusion(truth, probabilities.argmax(axis=1), len(labels))
    right, true, predicted = np.diagonal(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return pd.DataFrame(
            {
                "label": labels,
                "precision": right / predicted,
                "recall": right / true,
                "f1": 2 * right / (true + predicted),
                "support": true.astype(int),
            }
        )


def available(values: Mapping[str, float]) -> dict[str, float | None]:
    """The values for JSON, rounded to 6 digits, with None for what is not defined."""
    return {name: None if np.isnan(value) else round(value, 6) for name, value in values.items()}

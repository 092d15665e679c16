"""Metrics of one set of predictions, from scikit-learn, with what is undefined said as None.

What is undefined, and what counts as 0:

- no photos: everything is undefined.
- a class without photos: its recall is undefined, and it is left out of every macro average; photos wrongly given to it
  lower the recall of their own classes. So macro recall and balanced accuracy are the same number.
- a class with photos that is never predicted: its precision is undefined in the per-class table, and counts as 0 in
  macro and weighted precision (scikit-learn's `zero_division=0`, the custom of the field): leaving it out would reward
  a model for giving up a class. Its F1 is 0 by definition (2 TP / (2 TP + FP + FN)).
- Matthews' correlation: undefined when truth or prediction knows one class only (0 / 0; scikit-learn says 0).
- Cohen's kappa: undefined when the truth knows one class only, since it is then 0 whatever is predicted.
- AUROC and AUPRC: each class against the rest, and the mean over the classes with photos; undefined when the truth
  knows one class only. AUPRC is scikit-learn's average precision.
- log loss: in nats; a probability of 0 counts as 2.2e-16, as in scikit-learn.
- Brier score: the sum over the classes of squared errors, mean over photos: 0 to 2, not halved (Brier 1950).
- malignant against the rest: undefined when the taxonomy does not tell the classes apart, or without photos of one
  side; sensitivity and specificity also without a threshold from validation (see `malignancy`).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    cohen_kappa_score,
    matthews_corrcoef,
    precision_recall_fscore_support,
    roc_auc_score,
)

from lesionflow.errors import LesionflowError
from lesionflow.evaluate.malignancy import Alarm

Reals = npt.NDArray[np.floating]
Ids = npt.NDArray[np.int64]


AVERAGES = ("macro_precision", "macro_recall", "macro_f1", "weighted_precision", "weighted_recall", "weighted_f1")
NO_ALARM = Alarm(np.zeros(0, dtype=bool))
LOWEST = float(np.finfo(float).eps)


def names(top_k: int) -> list[str]:
    """The keys of `measure`, in its order."""
    agreement, ranking = ["accuracy", "balanced_accuracy", "mcc", "kappa"], ["macro_auroc", "macro_auprc"]
    alarm = ["malignant_auroc", "malignant_sensitivity", "malignant_specificity"]
    return [*agreement, *AVERAGES, f"top_{top_k}", *ranking, "log_loss", "brier", *alarm]


def measure(probabilities: Reals, class_id: Ids, *, top_k: int = 3, alarm: Alarm = NO_ALARM) -> dict[str, float | None]:
    """All metrics of predictions: probabilities (photos, classes), class_id (photos,); None where undefined."""
    refuse_unusable(probabilities, class_id)
    if not len(class_id):
        return dict.fromkeys(names(top_k))
    predicted = predict(probabilities)
    means = [*_averages(class_id, predicted, "macro"), *_averages(class_id, predicted, "weighted")]
    averages = dict(zip(AVERAGES, means, strict=True))
    return {
        "accuracy": float(accuracy_score(class_id, predicted)),
        # By definition the mean recall over the classes that have photos.
        "balanced_accuracy": averages["macro_recall"],
        "mcc": _mcc(class_id, predicted),
        "kappa": _kappa(class_id, predicted),
        **averages,
        f"top_{top_k}": float(top_k_hits(probabilities, class_id, k=top_k).mean()),
        **_areas(probabilities, class_id),
        **{name: float(values.mean()) for name, values in losses(probabilities, class_id).items()},
        **_alarm(probabilities, class_id, alarm),
    }


def losses(probabilities: Reals, class_id: Ids) -> dict[str, npt.NDArray[np.float64]]:
    """Log loss and Brier score of each photo (photos,)."""
    wide = probabilities.astype(float)
    of_truth = wide[np.arange(len(class_id)), class_id]
    # (p - y)^2 summed over the classes: all squares, with that of the truth put right.
    brier = (wide**2).sum(axis=1) - of_truth**2 + (1 - of_truth) ** 2
    return {"log_loss": -np.log(of_truth.clip(LOWEST, 1)), "brier": brier}


def predict(probabilities: Reals) -> Ids:
    """The most probable class (photos,); of equal ones the first."""
    best: Ids = probabilities.argmax(axis=1).astype(np.int64)
    return best


def top_k_hits(probabilities: Reals, class_id: Ids, *, k: int) -> npt.NDArray[np.bool_]:
    """Whether the truth is among the k most probable classes (photos,); of equal ones the first come first.

    With k = 1 this is `predict`; with k from the number of classes on it is always true.
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    hits: npt.NDArray[np.bool_] = (order == class_id[:, None]).any(axis=1)
    return hits


def per_class(probabilities: Reals, class_id: Ids, labels: Sequence[str]) -> pd.DataFrame:
    """One row a class, in the order of class_id: label, precision, recall, f1 (NaN where undefined), support."""
    refuse_unusable(probabilities, class_id)
    if not len(class_id):
        empty = np.full(len(labels), np.nan)
        return pd.DataFrame({"label": labels, "precision": empty, "recall": empty, "f1": empty, "support": 0})
    precision, recall, f1, support = precision_recall_fscore_support(
        class_id, predict(probabilities), labels=range(len(labels)), average=None, zero_division=np.nan
    )
    return pd.DataFrame({"label": labels, "precision": precision, "recall": recall, "f1": f1, "support": support})


def refuse_unusable(probabilities: Reals, class_id: Ids) -> None:
    """Stop at arrays that no metric can be computed from.

    Raises
    ------
    LesionflowError : shapes that do not fit, a class_id without a column, a probability that is not finite.
    """
    if probabilities.ndim != 2 or class_id.shape != probabilities.shape[:1]:
        got = f"probabilities {probabilities.shape}, class_id {class_id.shape}"
        raise LesionflowError("predictions: shapes", got=got, expected="(photos, classes) and (photos,)")
    outside = (class_id < 0) | (class_id >= probabilities.shape[1])
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        expected = f"0 to {probabilities.shape[1] - 1}"
        raise LesionflowError(f"predictions: class_id in row {row}", got=str(class_id[row]), expected=expected)
    broken = ~np.isfinite(probabilities).all(axis=1)
    if broken.any():
        row = int(np.flatnonzero(broken)[0])
        raise LesionflowError(
            f"predictions: probabilities in row {row}", got=str(probabilities[row]), expected="finite numbers"
        )


def _averages(actual: Ids, predicted: Ids, average: str) -> list[float]:
    present = np.unique(actual)
    values = precision_recall_fscore_support(actual, predicted, labels=present, average=average, zero_division=0)
    return [float(value) for value in values[:3]]


def _mcc(actual: Ids, predicted: Ids) -> float | None:
    if len(np.unique(actual)) < 2 or len(np.unique(predicted)) < 2:
        return None
    return float(matthews_corrcoef(actual, predicted))


def _kappa(actual: Ids, predicted: Ids) -> float | None:
    if len(np.unique(actual)) < 2:
        return None
    return float(cohen_kappa_score(actual, predicted))


def _areas(probabilities: Reals, class_id: Ids) -> dict[str, float | None]:
    present = np.unique(class_id)
    if len(present) < 2:
        return {"macro_auroc": None, "macro_auprc": None}
    sides = [(class_id == one, probabilities[:, one]) for one in present]
    return {
        "macro_auroc": float(np.mean([roc_auc_score(*side) for side in sides])),
        "macro_auprc": float(np.mean([average_precision_score(*side) for side in sides])),
    }


def _alarm(probabilities: Reals, class_id: Ids, alarm: Alarm) -> dict[str, float | None]:
    result: dict[str, float | None] = dict.fromkeys(
        ("malignant_auroc", "malignant_sensitivity", "malignant_specificity")
    )
    if not alarm.available:
        return result
    scores, truth = alarm.scores(probabilities), alarm.truth(class_id)
    if truth.any() and not truth.all():
        result["malignant_auroc"] = float(roc_auc_score(truth, scores))
    if alarm.threshold is not None:
        raised = scores > alarm.threshold
        result["malignant_sensitivity"] = float(raised[truth].mean()) if truth.any() else None
        result["malignant_specificity"] = float((~raised[~truth]).mean()) if not truth.all() else None
    return result

"""The table of predictions of one model, and what is reported of it."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lesionflow.errors import LesionflowError
from lesionflow.evaluate import intervals, malignancy, metrics
from lesionflow.evaluate.malignancy import Alarm
from lesionflow.evaluate.settings import EvaluateParams

DIGITS = 6
"""Decimal places of what is reported: far below any interval's width, above the noise of summation order."""


def table(split: pd.DataFrame, probabilities: metrics.Reals, labels: Sequence[str], *, model: str) -> pd.DataFrame:
    """The rows of table predictions: the split's photos, in its order, with probabilities (photos, classes).

    Raises
    ------
    LesionflowError : a probability is not finite; the message names the photo.
    """
    broken = ~np.isfinite(probabilities).all(axis=1)
    if broken.any():
        raise LesionflowError(
            f"predictions of {model}: photo {split['sha256'].to_numpy()[broken][0]}",
            got=f"probabilities that are not finite, as for {int(broken.sum())} photos",
            expected="finite numbers",
            remedy="Look at the photo's features and at the head's training curves.",
        )
    frame = split[["sha256", "split", "group", "label", "class_id"]].copy()
    frame["model"] = model
    frame["predicted"] = np.asarray(labels, dtype=object)[metrics.predict(probabilities)]
    frame["probabilities"] = list(probabilities)
    return frame


def refuse_other_labels(trained: Sequence[str], labels: Sequence[str], *, model: str) -> None:
    """Stop when the head knows other classes, or another order of them, than the classes table."""
    if list(trained) != list(labels):
        raise LesionflowError(
            f"head of {model}",
            got=f"classes {', '.join(trained)}",
            expected=", ".join(labels),
            remedy="Run `dvc repro train`.",
        )


def alarm(predictions: pd.DataFrame, labels: Sequence[str], malignant: Collection[str], *, specificity: float) -> Alarm:
    """The malignant classes' alarm, its threshold chosen on the validation split."""
    plain = malignancy.of([label in malignant for label in labels])
    validation = arrays(of_split(predictions, "val"), labels)
    return malignancy.with_threshold(plain, *validation, specificity=specificity)


def report(
    predictions: pd.DataFrame,
    labels: Sequence[str],
    settings: EvaluateParams,
    *,
    seed: int,
    malignant: Collection[str] = (),
) -> dict[str, Any]:
    """Metrics by split: test with counts and intervals, val and train as plain numbers; None where undefined.

    Parameters
    ----------
    malignant : labels that the taxonomy calls malignant.

    Raises
    ------
    LesionflowError : no test photo.
    """
    test = of_split(predictions, "test")
    if test.empty:
        raise LesionflowError(
            "predictions: split test",
            got="no photo",
            expected="one at least",
            remedy="Raise curate.split.test in params.yaml, or add photos.",
        )
    raising = alarm(predictions, labels, malignant, specificity=settings.specificity)
    measured = intervals.measure(
        *arrays(test, labels),
        list(test["group"]),
        top_k=settings.top_k,
        count=settings.bootstrap,
        confidence=settings.confidence,
        seed=seed,
        alarm=raising,
    )
    counts = {"photos": len(test), "groups": test["group"].nunique()}
    others = {
        name: metrics.measure(*arrays(of_split(predictions, name), labels), top_k=settings.top_k, alarm=raising)
        for name in ("val", "train")
    }
    threshold = {"specificity": settings.specificity, "threshold": raising.threshold}
    result: dict[str, Any] = rounded({"test": counts | measured, **others, "alarm": threshold})
    return result


def of_split(predictions: pd.DataFrame, name: str) -> pd.DataFrame:
    """The predictions of one split."""
    return predictions[predictions["split"] == name]


def arrays(predictions: pd.DataFrame, labels: Sequence[str]) -> tuple[npt.NDArray[np.float64], metrics.Ids]:
    """Probabilities (photos, classes) and class_id (photos,) of rows of the table."""
    rows = predictions["probabilities"].to_list()
    probabilities = np.stack(rows).astype(float) if rows else np.empty((0, len(labels)))
    return probabilities, predictions["class_id"].to_numpy(dtype=np.int64)


def per_class(predictions: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """The per-class table of the test split; an undefined value is an empty cell in CSV."""
    return metrics.per_class(*arrays(of_split(predictions, "test"), labels), labels).round(DIGITS)


def confusion(predictions: pd.DataFrame) -> pd.DataFrame:
    """Actual and predicted label of each test photo: what DVC and the report draw a confusion matrix from."""
    test = of_split(predictions, "test")
    return pd.DataFrame({"actual": test["label"].to_numpy(), "predicted": test["predicted"].to_numpy()})


def rounded(content: Any) -> Any:
    """Nested figures at `DIGITS` places; one that is not finite becomes None, which JSON can hold."""
    if isinstance(content, dict):
        return {key: rounded(value) for key, value in content.items()}
    if isinstance(content, list):
        return [rounded(value) for value in content]
    if isinstance(content, float):
        return round(content, DIGITS) if np.isfinite(content) else None
    return content

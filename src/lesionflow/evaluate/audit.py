"""The shortcut audit in figures: what a classifier answers on corrupted photos, against what it answered before."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lesionflow.evaluate import confusions, intervals
from lesionflow.evaluate.intervals import Resamples
from lesionflow.evaluate.predictions import rounded
from lesionflow.evaluate.settings import EvaluateParams

NONE = "none"
"""The corruption of photos as they are."""
Ids = npt.NDArray[np.int64]


def curves(
    answers: pd.DataFrame, labels: Sequence[str], settings: EvaluateParams, *, seed: int
) -> list[dict[str, Any]]:
    """A row a corruption and severity, photos as they are first: accuracies, flips, and what they flip to.

    `accuracy_lost` is paired with the same photos as they are. `pulled` names the class that gains the most answers,
    and how many, as a share of the photos that had another answer before; `raised` the class whose probability rises
    most, and by how much in the mean. A model that has learned an artefact for a class gives that class when it is
    drawn in; so may one that has never seen it.

    Parameters
    ----------
    answers : sha256, corruption, severity, class_id, group, predicted, probabilities and area, a row a corrupted photo.

    Raises
    ------
    ValueError : no photos as they are.
    """
    plain = answers[answers["corruption"] == NONE].set_index("sha256").sort_index()
    if plain.empty:
        raise ValueError("answers on photos as they are: none")
    rows = []
    for _, some in answers.groupby(["corruption", "severity"]):
        name, severity = str(some["corruption"].iloc[0]), int(some["severity"].iloc[0])
        after = some.set_index("sha256").sort_index()
        figures = _figures(plain.loc[after.index], after, labels, settings, seed=seed)
        rows.append({"corruption": name, "severity": severity, "area": float(after["area"].mean()), **figures})
    rows.sort(key=lambda row: (row["corruption"] != NONE, row["corruption"], row["severity"]))
    return rounded(rows)  # type: ignore[no-any-return]


def _figures(
    before: pd.DataFrame, after: pd.DataFrame, labels: Sequence[str], settings: EvaluateParams, *, seed: int
) -> dict[str, Any]:
    ids = {label: place for place, label in enumerate(labels)}
    actual = np.asarray(after["class_id"], dtype=np.int64)
    was, now = (np.array([ids[one] for one in rows["predicted"]], dtype=np.int64) for rows in (before, after))
    drawn = _drawn(list(after["group"]), settings, seed=seed)
    right, before_right = (now == actual).astype(float), (was == actual).astype(float)
    return {
        "photos": len(after),
        "majority": float(np.bincount(actual).max() / len(actual)),
        "accuracy": _mean(right, drawn, settings),
        "balanced_accuracy": _balanced(actual, now, len(labels), drawn, settings),
        "accuracy_lost": _mean(before_right - right, drawn, settings),
        "flipped": _mean((now != was).astype(float), drawn, settings),
        "pulled": _pulled(was, now, labels, drawn, settings),
        "raised": _raised(before, after, labels, drawn, settings),
    }


def _drawn(groups: Sequence[str], settings: EvaluateParams, *, seed: int) -> Resamples | None:
    """Resamples of the groups; of a single one there are none."""
    return intervals.resample(groups, count=settings.bootstrap, seed=seed) if len(set(groups)) > 1 else None


def _mean(
    values: npt.NDArray[np.float64], drawn: Resamples | None, settings: EvaluateParams
) -> dict[str, float | None]:
    samples = None if drawn is None else drawn.means(values)
    return intervals.estimate(float(values.mean()), samples, confidence=settings.confidence)


def _balanced(
    actual: Ids, predicted: Ids, classes: int, drawn: Resamples | None, settings: EvaluateParams
) -> dict[str, float | None]:
    counts = np.bincount(actual * classes + predicted, minlength=classes**2).reshape(1, classes, classes)
    value = float(confusions.measure(counts.astype(float))["balanced_accuracy"][0])
    samples = None
    if drawn is not None:
        samples = confusions.measure(drawn.confusions(actual, predicted, classes))["balanced_accuracy"]
    return intervals.estimate(value, samples, confidence=settings.confidence)


def _pulled(
    was: Ids, now: Ids, labels: Sequence[str], drawn: Resamples | None, settings: EvaluateParams
) -> dict[str, Any]:
    """The class that gains the most answers (of equal ones the first), and its gain over those that it had not."""
    place = int((np.bincount(now, minlength=len(labels)) - np.bincount(was, minlength=len(labels))).argmax())
    gain, others = (now == place).astype(float) - (was == place), (was != place).astype(float)
    value = float(gain.sum() / others.sum()) if others.any() else None
    samples = None
    if drawn is not None and value is not None:
        total = drawn.totals(others)
        samples = np.divide(drawn.totals(gain), total, out=np.full(len(total), np.nan), where=total > 0)
    return {"class": labels[place], **intervals.estimate(value, samples, confidence=settings.confidence)}


def _raised(
    before: pd.DataFrame, after: pd.DataFrame, labels: Sequence[str], drawn: Resamples | None, settings: EvaluateParams
) -> dict[str, Any]:
    """The class whose mean probability rises most (of equal ones the first), and its rise."""
    was, now = (np.stack(rows["probabilities"].to_list()).astype(float) for rows in (before, after))
    place = int((now - was).mean(axis=0).argmax())
    return {"class": labels[place], **_mean((now - was)[:, place], drawn, settings)}

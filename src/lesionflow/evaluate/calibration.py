"""Whether probabilities mean what they say: reliability, and calibration errors."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from lesionflow.evaluate import intervals, metrics
from lesionflow.evaluate.intervals import Resamples

Reals = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Binned:
    """Bins of equal width over 0-1 of predicted probabilities, and what came true: (photos,) or (photos, classes)."""

    said: Reals
    came: Reals
    bins: int

    @property
    def place(self) -> Ids:
        """The bin of each; a bin holds its upper end, so that 1 lies in the last one."""
        return np.clip(np.ceil(self.said * self.bins).astype(np.int64) - 1, 0, self.bins - 1)


def top_label(probabilities: Reals, class_id: Ids, *, bins: int) -> Binned:
    """The probability of the predicted class, and whether it was right (photos,)."""
    predicted = metrics.predict(probabilities)
    return Binned(probabilities.max(axis=1), (predicted == class_id).astype(float), bins)


def by_class(probabilities: Reals, class_id: Ids, *, bins: int) -> Binned:
    """The probability of each class that has photos, and whether it was the truth (photos, classes)."""
    present = np.unique(class_id)
    return Binned(probabilities[:, present], (class_id[:, None] == present).astype(float), bins)


def errors(binned: Binned, group_of: Ids, drawn: Reals) -> Reals:
    """Expected calibration error in each resample (resamples,); of several classes, their mean.

    The mean over bins, weighted by photos, of how far what came true lies from what was said: Guo et al. 2017 for the
    predicted class; Kull et al. 2019, "Beyond temperature scaling", for each class.

    Parameters
    ----------
    group_of : each photo's group (photos,).
    drawn : how often each group was drawn (resamples, groups).
    """
    gaps = (binned.came - binned.said).reshape(len(group_of), -1)
    columns, groups = gaps.shape[1], drawn.shape[1]
    cell = binned.place.reshape(gaps.shape) + binned.bins * np.arange(columns)
    flat = group_of[:, None] * (columns * binned.bins) + cell
    sums = np.bincount(flat.ravel(), weights=gaps.ravel(), minlength=groups * columns * binned.bins)
    photos = drawn @ np.bincount(group_of, minlength=groups)
    total = np.abs(drawn @ sums.reshape(groups, -1)).sum(axis=1)
    return np.asarray(total / photos / columns)


def error(binned: Binned, drawn: Resamples | None, *, confidence: float) -> dict[str, float | None]:
    """Expected calibration error with its interval.

    Chance alone makes the error larger, in the photos and once more in a resample of them. So the interval is the basic
    one, which turns the percentile interval about the value and takes that surplus off (Davison and Hinkley 1997, 5.2).
    """
    photos = len(binned.said)
    if not photos:
        return {"value": None, "low": None, "high": None}
    value = float(errors(binned, np.arange(photos), np.ones((1, photos)))[0])
    if drawn is None:
        return {"value": value, "low": None, "high": None}
    low, high = intervals.interval(errors(binned, drawn.group_of, drawn.drawn), confidence=confidence)
    if low is None or high is None:
        return {"value": value, "low": None, "high": None}
    return {"value": value, "low": min(max(0.0, 2 * value - high), value), "high": max(2 * value - low, value)}


def reliability(binned: Binned, drawn: Resamples | None, *, confidence: float) -> pd.DataFrame:
    """One row a bin of the predicted class's probability: from, to, photos, said, came (with interval); empty bins too.

    NaN where undefined.
    """
    rows = []
    for place in range(binned.bins):
        inside = binned.place == place
        row: dict[str, float | None] = {
            "from": place / binned.bins,
            "to": (place + 1) / binned.bins,
            "photos": int(inside.sum()),
        }
        said, came = (float(part[inside].mean()) if inside.any() else None for part in (binned.said, binned.came))
        samples = None if drawn is None or not inside.any() else drawn.shares(binned.came > 0, inside)
        ends = intervals.estimate(came, samples, confidence=confidence)
        rows.append(row | {"said": said, "came": came, "came_low": ends["low"], "came_high": ends["high"]})
    frame = pd.DataFrame(rows)
    return frame.astype(dict.fromkeys(["said", "came", "came_low", "came_high"], float))

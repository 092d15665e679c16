"""Malignant against the rest: the score of a photo is the summed probability of the malignant classes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Alarm:
    """Which classes (classes,) are malignant, and the score above which a photo raises the alarm.

    Without a threshold, sensitivity and specificity are not available.
    """

    malignant: Flags
    threshold: float | None = None

    @property
    def available(self) -> bool:
        """Whether the taxonomy tells classes apart: a malignant one and another one are learned."""
        return bool(self.malignant.any() and not self.malignant.all())

    def scores(self, probabilities: npt.NDArray[np.floating]) -> Reals:
        """Summed probability of the malignant classes (photos,), of probabilities (photos, classes)."""
        return np.asarray(probabilities[:, self.malignant].sum(axis=1, dtype=float))

    def truth(self, class_id: npt.NDArray[np.int64]) -> Flags:
        """Whether each photo is malignant (photos,)."""
        return np.asarray(self.malignant[class_id], dtype=bool)


def of(malignant: Sequence[bool]) -> Alarm:
    """An alarm without a threshold; `malignant` in the order of class_id."""
    return Alarm(np.asarray(malignant, dtype=bool))


def with_threshold(
    alarm: Alarm,
    probabilities: npt.NDArray[np.floating],
    class_id: npt.NDArray[np.int64],
    *,
    specificity: float,
) -> Alarm:
    """The alarm at the lowest threshold that keeps the specificity asked for on these (validation) photos.

    Without a photo that is not malignant, there is no threshold.
    """
    if not alarm.available:
        return alarm
    benign = np.sort(alarm.scores(probabilities)[~alarm.truth(class_id)])
    if not len(benign):
        return alarm
    # So many of the benign photos must not lie above it; rounded, since 0.07 * 100 is a little more than 7.
    silent = max(1, math.ceil(round(specificity * len(benign), 9)))
    return Alarm(alarm.malignant, float(benign[silent - 1]))

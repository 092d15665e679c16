"""Temperature scaling: probabilities as sure as they are right.

Guo et al. 2017, "On calibration of modern neural networks".
"""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

Reals = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
COLDEST, HOTTEST = 0.05, 20.0
"""Bounds of the temperature; beyond them probabilities are 0 and 1, or all alike, at any accuracy."""
LOWEST = float(np.finfo(np.float32).tiny)
"""Stands for a probability of 0, whose logarithm would be infinite."""


def fit_temperature(probabilities: Reals, class_id: Ids) -> float | None:
    """The temperature that minimises the log loss of these (validation) photos; None without photos.

    Logits are needed up to a constant a photo only, which the logarithms of the probabilities are.
    """
    if not len(class_id):
        return None
    logits, rows = np.log(probabilities.clip(LOWEST)), np.arange(len(class_id))

    def loss(cold: float) -> float:
        return float(-log_softmax(logits * np.exp(cold), axis=1)[rows, class_id].mean())

    # Convex in the inverse temperature, so with one minimum along its logarithm.
    found = minimize_scalar(loss, bounds=(-np.log(HOTTEST), -np.log(COLDEST)), method="bounded")
    return float(np.exp(-found.x))


def apply_temperature(probabilities: Reals, temperature: float | None) -> Reals:
    """Probabilities (photos, classes) at another temperature: None changes nothing, above 1 makes them less sure."""
    if temperature is None:
        return probabilities
    return np.asarray(softmax(np.log(probabilities.clip(LOWEST)) / temperature, axis=1))

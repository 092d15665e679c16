"""Whether the pixels of two registered photos agree."""

import cv2
import numpy as np
import numpy.typing as npt

from lesionflow.curate.registration import Local, Matrix

WINDOW = 1.5
"""Deviation of the Gaussian window, pixels of a view, in which structure is compared."""
FLOOR = 2.0
"""Variance, in squared grey levels, below which a window shows noise and says nothing."""
WORST = 0.25
"""Share of the windows that may disagree: text, a bar or a gel bubble may lie over a copy."""
FEWEST = 75
"""Windows that must be compared: agreement of fewer is an accident."""
Picture = npt.NDArray[np.float32]
View = npt.NDArray[np.uint8]


def agreement(matrix: Matrix, first: Local, second: Local) -> float:
    """How well the structure in the common part correlates, -1 to 1; 0 where there is too little to compare.

    The finer view is laid over the coarser one. In each window that shows structure the two are correlated (Pearson);
    the result is the quantile that `WORST` of the windows fall below. A mean would let a text or the frame of one
    website, which many photos share, speak for the skin beside it.
    """
    change = _between_views(matrix, first, second)
    source, target = first.view, second.view
    if _scale(change) > 1:
        change, source, target = np.asarray(cv2.invertAffineTransform(change), dtype=np.float64), target, source
    laid, inside = _laid(change, source, target.shape)
    own, other, common = _moments(laid, target.astype(np.float32), inside.astype(np.float32))
    structured = (np.maximum(own, other) > FLOOR) & inside
    if structured.sum() < FEWEST:
        return 0.0
    strength = np.sqrt(np.maximum(own[structured], 0) * np.maximum(other[structured], 0))
    correlation = common[structured] / np.maximum(strength, FLOOR / 4)
    return float(np.quantile(np.clip(correlation, -1, 1), WORST))


def _between_views(matrix: Matrix, first: Local, second: Local) -> Matrix:
    """The transform in pixels of the views."""
    to_first = np.diag([first.width / first.view.shape[1], first.height / first.view.shape[0], 1.0])
    to_view = np.diag([second.view.shape[1] / second.width, second.view.shape[0] / second.height])
    change = np.asarray(to_view @ matrix @ to_first)
    change[:, 2] += change[:, :2] @ [0.5, 0.5] - 0.5  # pixel centres lie at half coordinates
    return change


def _scale(change: Matrix) -> float:
    return float(np.sqrt(abs(np.linalg.det(change[:, :2]))))


def _laid(change: Matrix, view: npt.NDArray[np.uint8], shape: tuple[int, ...]) -> tuple[Picture, npt.NDArray[np.bool_]]:
    """A view in the frame of the other, no finer than it, and where it lies."""
    source = np.ascontiguousarray(view).astype(np.float32)
    size = (shape[1], shape[0])
    inside = cv2.warpAffine(np.ones_like(source), change, size, flags=cv2.INTER_LINEAR)
    blur = 0.5 * np.sqrt(max(0.0, 1 / max(_scale(change), 1e-3) ** 2 - 1))
    if blur > 0.1:
        source = _blurred(source, blur)
    laid = cv2.warpAffine(source, change, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(laid, dtype=np.float32), np.asarray(inside) > 0.99


def _moments(first: Picture, second: Picture, weight: Picture) -> tuple[Picture, Picture, Picture]:
    """Variances of both and covariance in each window, over the pixels that count."""
    total = np.maximum(_blurred(weight), 1e-6)

    def mean(picture: Picture) -> Picture:
        return np.asarray(_blurred(picture * weight) / total, dtype=np.float32)

    of_first, of_second = mean(first), mean(second)
    own, other = mean(first * first) - of_first**2, mean(second * second) - of_second**2
    return own, other, mean(first * second) - of_first * of_second


def _blurred(picture: Picture, deviation: float = WINDOW) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), deviation), dtype=np.float32)

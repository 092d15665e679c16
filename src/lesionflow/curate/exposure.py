"""Light and dark in a picture, from its grey histogram."""

import cv2
import numpy as np
import numpy.typing as npt

DARK, BRIGHT = 5, 250
"""Grey levels up to and from which detail counts as lost."""
LEVELS = np.arange(256.0)
SUMS = np.stack([LEVELS, LEVELS**2, LEVELS <= DARK, LEVELS >= BRIGHT], axis=1)
"""By what the share of each grey level counts into its mean, the mean of squares, and the two shares of lost detail."""
TINY = 1e-12
"""Below any share; stands for 0 in a logarithm that is multiplied by 0."""


def exposure(levels: npt.NDArray[np.uint8]) -> dict[str, float]:
    """`brightness`, `contrast`, `entropy`, `dark_share` and `bright_share` of table fingerprints.

    Parameters
    ----------
    levels : height x width grey levels, 0-255.
    """
    shares = cv2.calcHist([levels], [0], None, [256], [0, 256]).ravel().astype(float) / levels.size
    mean, of_squares, dark, bright = (shares @ SUMS).tolist()
    return {
        "brightness": mean / 255,
        "contrast": max(0.0, of_squares - mean**2) ** 0.5 / 255,
        "entropy": abs(float(shares @ np.log2(np.maximum(shares, TINY)))),
        "dark_share": dark,
        "bright_share": bright,
    }


def sharpness(levels: npt.NDArray[np.uint8]) -> float:
    """Variance of the Laplacian of grey levels (Pech-Pacheco et al. 2000, "Diatom autofocusing", LAPV), from 0."""
    edges = cv2.Laplacian(levels, cv2.CV_16S)
    return float(cv2.norm(edges, cv2.NORM_L2SQR) / edges.size - cv2.mean(edges)[0] ** 2)

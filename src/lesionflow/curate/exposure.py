"""Light and dark in a picture, from its grey histogram."""

import cv2
import numpy as np
import numpy.typing as npt

DARK, BRIGHT = 5, 250
"""Grey levels up to and from which detail counts as lost."""
LEVELS = np.arange(256)


def exposure(levels: npt.NDArray[np.uint8]) -> dict[str, float]:
    """`brightness`, `contrast`, `entropy`, `dark_share` and `bright_share` of table fingerprints.

    Parameters
    ----------
    levels : height x width grey levels, 0-255.
    """
    counts = cv2.calcHist([levels], [0], None, [256], [0, 256]).ravel().astype(float)
    shares = counts / levels.size
    mean = float(shares @ LEVELS)
    present = shares[shares > 0]
    return {
        "brightness": mean / 255,
        "contrast": float(np.sqrt(shares @ (LEVELS - mean) ** 2)) / 255,
        "entropy": abs(float(present @ np.log2(present))),  # a sum of nothing but zeros and negatives
        "dark_share": float(shares[: DARK + 1].sum()),
        "bright_share": float(shares[BRIGHT:].sum()),
    }


def sharpness(levels: npt.NDArray[np.uint8]) -> float:
    """Variance of the Laplacian of grey levels (Pech-Pacheco et al. 2000, "Diatom autofocusing", LAPV), from 0."""
    return float(cv2.meanStdDev(cv2.Laplacian(levels, cv2.CV_16S))[1].item() ** 2)

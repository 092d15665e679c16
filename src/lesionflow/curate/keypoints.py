"""Keypoints of a grey picture with their SIFT descriptors: Lowe 2004, "Distinctive image features"."""

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from lesionflow.curate import codebook

MOST = 300
"""Keypoints of a picture, of the strongest response."""
CONTRAST, EDGE = 0.01, 20.0
"""Thresholds of SIFT below and above its usual 0.04 and 10, for skin has little contrast and few corners."""
OFFSET = 0.25
"""Pixels: OpenCV seeks in the doubled picture and halves the index of a pixel, whose centre is half a pixel further."""


@lru_cache(maxsize=1)
def _sift() -> Any:
    cv2.setNumThreads(1)  # the workers share the processors already
    return cv2.SIFT_create(nfeatures=MOST, contrastThreshold=CONTRAST, edgeThreshold=EDGE)  # type: ignore[attr-defined]


def detect(grey: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Places (keypoints x 2: x and y, pixels from the corner) and rooted descriptors (x 128), strongest first."""
    points, descriptors = _sift().detectAndCompute(grey, None)
    if not points:
        return np.empty((0, 2), dtype=np.float32), np.empty((0, 128), dtype=np.float32)
    # The place decides between equal responses, so that the order never rests on the detector's.
    kept = sorted(range(len(points)), key=lambda n: (-points[n].response, points[n].pt, points[n].angle))
    places = np.array([points[place].pt for place in kept[:MOST]], dtype=np.float32) + np.float32(OFFSET)
    return places, codebook.rooted(descriptors[kept[:MOST]])

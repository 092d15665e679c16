"""Keypoints of a grey picture with their SIFT descriptors: Lowe 2004, "Distinctive image features"."""

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from lesionflow.curate import codebook

MOST = 300
"""Keypoints of a picture, of the strongest response."""
SMALLEST = 1.75
"""Pixels: keypoints of a smaller diameter are noise, and a text laid over a photo has more of them than the photo.

SIFT first doubles a picture; in a small picture none is smaller, and nothing is sought in vain.
"""
CONTRAST, EDGE = 0.01, 20.0
"""Thresholds of SIFT below and above its usual 0.04 and 10, for skin has little contrast and few corners."""
OFFSET = 0.25
"""Pixels: OpenCV seeks in the doubled picture and halves the index of a pixel, whose centre is half a pixel further."""


@lru_cache(maxsize=1)
def _sift() -> Any:
    cv2.setNumThreads(1)  # the workers share the processors already
    return cv2.SIFT_create(nfeatures=0, contrastThreshold=CONTRAST, edgeThreshold=EDGE)  # type: ignore[attr-defined]


def detect(grey: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Places (keypoints x 2: x and y, pixels from the corner) and rooted descriptors (x 128), strongest first."""
    points, descriptors = _sift().detectAndCompute(grey, None)
    kept = [place for place, point in enumerate(points) if point.size >= SMALLEST]
    # The place decides between equal responses, so that the order never rests on the detector's.
    kept.sort(key=lambda place: (-points[place].response, points[place].pt, points[place].angle))
    if not kept:
        return np.empty((0, 2), dtype=np.float32), np.empty((0, 128), dtype=np.float32)
    places = np.array([points[place].pt for place in kept[:MOST]], dtype=np.float32) + np.float32(OFFSET)
    return places, codebook.rooted(descriptors[kept[:MOST]])

"""Bands of one colour along the edges of a picture: frames, letterboxes, scans on a white page."""

import cv2
import numpy as np
import numpy.typing as npt

EVEN = 3.0
"""A line of pixels belongs to a band when its grey levels deviate by less than this (of 255).

At 6, smooth skin at an edge passed for a band in 20 % of real close-ups; at 3, in 1.4 %.
"""
Levels = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]


def content_box(levels: Levels) -> Box:
    """Left, top, right and bottom of what the bands frame, pixels; all 0 in an even picture.

    Parameters
    ----------
    levels : height x width grey levels, 0-255.
    """
    top, bottom = _inner(levels)
    if top == bottom:
        return 0, 0, 0, 0
    left, right = _inner(levels[top:bottom].T)  # without the bands above and below, which may have another colour
    return (left, top, right, bottom) if left < right else (0, 0, 0, 0)


def _inner(lines: Levels) -> tuple[int, int]:
    """Where the lines between the two bands begin and end; both 0 when all are even."""
    first = _even(lines)
    return (0, 0) if first == len(lines) else (first, len(lines) - _even(lines[::-1]))


def _even(lines: Levels) -> int:
    """How many lines from the first on are even."""
    return next((number for number, line in enumerate(lines) if cv2.meanStdDev(line)[1].item() >= EVEN), len(lines))


def shares(content: Box, size: tuple[int, int]) -> dict[str, float]:
    """`border_share` and `letterbox_share` of table fingerprints, 0-1.

    Parameters
    ----------
    content : see `content_box`.
    size : width and height of the picture, pixels.
    """
    (left, top, right, bottom), (width, height) = content, size
    across = (height - bottom + top) / height if top and bottom < height else 0.0
    along = (width - right + left) / width if left and right < width else 0.0
    return {
        "border_share": 1 - (right - left) * (bottom - top) / (width * height),
        "letterbox_share": max(across, along),
    }

"""Bands of one colour along the edges of a picture: frames, letterboxes, scans on a white page."""

import numpy as np
import numpy.typing as npt

FLAT_BAND = 6.0
"""A line of pixels belongs to a border when its grey levels deviate by less than this (of 255)."""
Grey = npt.NDArray[np.float64]


def content_box(levels: Grey) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what the border frames, pixels; empty (left = right) in an even picture.

    Parameters
    ----------
    levels : height x width grey levels, 0-255.
    """
    height, width = levels.shape
    top, bottom = _even_lines(levels), height - _even_lines(levels[::-1])
    left, right = _even_lines(levels.T), width - _even_lines(levels.T[::-1])
    return (left, top, right, bottom) if left < right and top < bottom else (0, 0, 0, 0)


def _even_lines(lines: Grey) -> int:
    """How many lines from the first on are even."""
    uneven = lines.std(axis=1) >= FLAT_BAND
    return int(uneven.argmax()) if uneven.any() else len(lines)

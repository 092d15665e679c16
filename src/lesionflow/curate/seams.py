"""Straight seams from edge to edge, as between the panels of a collage."""

import cv2
import numpy as np
import numpy.typing as npt

MARGIN = 0.15
"""Share of the side, at either end, in which a seam divides nothing: rulers and captions lie there."""
AROUND = 11
"""Pixels around a step in which the usual steps are taken."""
TIMES, LEVELS_MORE = 2.5, 4.0
"""A seam's step is so many times the mean step around it, and so many grey levels more."""
EVERY = 3
"""Of the rows (for upright seams) and columns (for level ones) one in so many is asked."""
SHORTEST = 40
"""Pixels; a shorter side is not looked at."""


Levels = npt.NDArray[np.uint8]


def seam_share(levels: Levels) -> float:
    """Share of its length over which the best seam, upright or level, is a step that stands out, 0-1.

    Whether a step stands out is asked row by row against its surroundings, so a faint seam between two photos of
    skin counts as much as a black gutter, and a hair or a wrinkle counts only where it runs upright.

    Parameters
    ----------
    levels : height x width grey levels, 0-255, without the border.
    """
    if min(levels.shape) < SHORTEST:
        return 0.0
    rows, columns = levels[::EVERY], np.ascontiguousarray(levels[:, ::EVERY])
    upright = _stands_out(rows[:, 2:], rows[:, :-2], (AROUND, 1), axis=0)
    level = _stands_out(columns[2:], columns[:-2], (1, AROUND), axis=1)
    return max(upright, level)


def _stands_out(after: Levels, before: Levels, around: tuple[int, int], *, axis: int) -> float:
    """Share of the best line; steps go over two pixels, since scaling spreads a seam."""
    steps = cv2.absdiff(after, before)
    usual = cv2.convertScaleAbs(cv2.blur(steps, around), alpha=TIMES, beta=LEVELS_MORE)
    found = cv2.compare(steps, usual, cv2.CMP_GT)  # 255 where it is so
    lines = cv2.reduce(found, axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel()
    margin = int(len(lines) * MARGIN)
    return float(lines[margin:-margin].max() / (255 * steps.shape[axis]))

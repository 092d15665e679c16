"""Thin strokes of high contrast: pages of text, and writing laid over a photo."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

STROKE = 7
"""Pixels; what a square of this side does not fit into is a stroke."""
TILE = 15
"""Pixels of the side of the tiles that are text or not."""
INK = 60
"""Grey levels by which a stroke of text stands off its page."""
INKED = 0.06
"""Share of a tile of text that is ink, at least."""
EVEN_PAGE, BLANK = 5.0, 2.0
"""Deviation of the page's grey levels in a tile of text, and in a blank one, at most."""
DARK_PAGE = 110
"""Below this mean grey level the page is the dark part, and the ink the light one."""
OVERLAY = 30
"""Grey levels by which writing stands off the photo below."""
SCALE, LETTER, RUN = 3, 3, 10
"""Density of strokes is taken at a third of the scale, in squares of LETTER, and writing keeps it up over RUN."""
Levels = npt.NDArray[np.uint8]
SQUARE = np.ones((STROKE, STROKE), dtype=np.uint8)


def strokes(levels: Levels) -> dict[str, float]:
    """`text_share` and `watermark_score` of table fingerprints.

    Parameters
    ----------
    levels : height x width grey levels, 0-255, at the scale of fingerprints.
    """
    closed, opened = (cv2.morphologyEx(levels, how, SQUARE) for how in (cv2.MORPH_CLOSE, cv2.MORPH_OPEN))
    dark, light = cv2.subtract(closed, levels), cv2.subtract(levels, opened)
    page_is_dark = cv2.mean(levels)[0] < DARK_PAGE
    return {
        "text_share": _text_share(*((light, opened) if page_is_dark else (dark, closed))),
        "watermark_score": max(_longest_run(dark), _longest_run(light)),
    }


def _text_share(ink: npt.NDArray[Any], page: npt.NDArray[Any]) -> float:
    """Share of the tiles that show anything in which there is much ink on an even page, 0-1.

    Parameters
    ----------
    ink, page : height x width: how far the strokes of a picture stand off, and the picture without them.
    """
    if min(page.shape) < TILE:
        return 0.0
    inked = _tile_means(cv2.integral(cv2.threshold(ink, INK, 1, cv2.THRESH_BINARY)[1]))
    mean, mean_of_squares = map(_tile_means, cv2.integral2(page))
    uneven = np.sqrt(np.maximum(mean_of_squares - mean**2, 0))
    shown = (uneven >= BLANK) | (inked > 0)
    text = (inked >= INKED) & (uneven < EVEN_PAGE)
    return float(text.sum() / shown.sum()) if shown.any() else 0.0


def _tile_means(integral: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Means of whole tiles; what is left over at the right and below is not looked at."""
    corners = integral[::TILE, ::TILE].astype(float)
    return np.asarray(np.diff(np.diff(corners, axis=0), axis=1) / TILE**2)


def _longest_run(standing_off: npt.NDArray[Any]) -> float:
    """Density of strokes that writing somewhere keeps up, beyond that of the densest tenth (hair), 0-1."""
    height, width = standing_off.shape
    size = (max(1, width // SCALE), max(1, height // SCALE))
    marked = cv2.threshold(standing_off, OVERLAY, 255, cv2.THRESH_BINARY)[1]
    density = cv2.blur(cv2.resize(marked, size, interpolation=cv2.INTER_AREA), (LETTER, LETTER))
    kept_up = cv2.erode(density, np.ones((1, RUN), dtype=np.uint8))
    usual = int(np.partition(density.ravel(), density.size * 9 // 10)[density.size * 9 // 10])
    return max(0, int(kept_up.max()) - usual) / 255

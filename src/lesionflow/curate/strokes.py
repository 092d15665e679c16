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
SCALE = 3
"""The page's evenness and the density of strokes are taken at this part of the scale."""
LETTER, RUN = 3, 10
"""There, density is taken in squares of LETTER, and writing keeps it up over RUN from left to right."""
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
        "watermark_score": _longest_run(cv2.max(dark, light)),
    }


def _text_share(ink: npt.NDArray[Any], page: npt.NDArray[Any]) -> float:
    """Share of the tiles that show anything in which there is much ink on an even page, 0-1.

    Parameters
    ----------
    ink, page : height x width: how far the strokes of a picture stand off, and the picture without them.
    """
    rows, columns = page.shape[0] // TILE, page.shape[1] // TILE
    if not rows or not columns:
        return 0.0
    inked = _shrunk(_marked(ink, INK)[: rows * TILE, : columns * TILE], columns, rows) / 255
    if inked.max() < INKED:
        return 0.0  # as what follows would find, for the price of a look at most photos
    smooth = _shrunk(page[: rows * TILE, : columns * TILE], columns * TILE // SCALE, rows * TILE // SCALE)
    smooth = smooth.astype(np.float32)
    mean, of_squares = (_shrunk(levels, columns, rows) for levels in (smooth, cv2.multiply(smooth, smooth)))
    uneven = np.sqrt(np.maximum(of_squares - mean**2, 0))  # the deviation
    shown = (uneven >= BLANK) | (inked > 0)
    text = (inked >= INKED) & (uneven < EVEN_PAGE)
    return float(text.sum() / shown.sum()) if shown.any() else 0.0


def _marked(standing_off: npt.NDArray[Any], least: int) -> npt.NDArray[Any]:
    """255 where strokes stand off by more than `least` grey levels, else 0."""
    return np.asarray(cv2.threshold(standing_off, least, 255, cv2.THRESH_BINARY)[1])


def _shrunk(levels: npt.NDArray[Any], width: int, height: int) -> npt.NDArray[Any]:
    return np.asarray(cv2.resize(levels, (max(1, width), max(1, height)), interpolation=cv2.INTER_AREA))


def _longest_run(standing_off: npt.NDArray[Any]) -> float:
    """Density of strokes that writing somewhere keeps up, beyond that of the densest tenth (hair), 0-1."""
    height, width = standing_off.shape
    density = cv2.blur(_shrunk(_marked(standing_off, OVERLAY), width // SCALE, height // SCALE), (LETTER, LETTER))
    kept_up = cv2.erode(density, np.ones((1, RUN), dtype=np.uint8))
    usual = int(np.partition(density.ravel(), density.size * 9 // 10)[density.size * 9 // 10])
    return max(0, int(kept_up.max()) - usual) / 255

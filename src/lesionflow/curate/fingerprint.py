"""Hashes and measures of a photo, all from one decode at reduced scale."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image
from scipy import ndimage

from lesionflow import images, parallel
from lesionflow.curate import borders, hashes
from lesionflow.images import StoredPhoto

VERSION = 2
"""Raised when a column's definition changes, so that rows of an earlier one are computed anew."""
SHORT_SIDE = 225
"""Pixels of the short side at which all is measured: a 600 x 450 JPEG then decodes at half scale."""
THUMBNAIL = 64
"""Pixels of a thumbnail's side: the whole picture squeezed to a square."""
CHUNK = 32


def with_cached(photos: Sequence[StoredPhoto], sizes: dict[str, tuple[int, int]], cached: pd.DataFrame) -> pd.DataFrame:
    """Table fingerprints of exactly `photos`: usable rows of `cached`, and the missing ones computed.

    Parameters
    ----------
    sizes : width and height in full, pixels, by content hash; the decode here is at reduced scale.
    """
    wanted = {photo.sha256 for photo in photos}
    usable = cached[(cached["version"] == VERSION) & cached["sha256"].isin(wanted)]
    missing = [photo for photo in photos if photo.sha256 not in set(usable["sha256"])]
    parts = parallel.map_ordered(_chunk, parallel.chunked(missing, CHUNK), desc="fingerprint", unit="chunk")
    rows = [row for part in parts for row in part]
    for row in rows:
        row["width"], row["height"] = sizes[row["sha256"]]
    return pd.concat([usable, pd.DataFrame(rows)], ignore_index=True) if rows else usable


def _chunk(photos: Sequence[StoredPhoto]) -> list[dict[str, Any]]:
    return [
        {"sha256": photo.sha256} | fingerprint(images.decode(photo.read(), at_least=SHORT_SIDE)) for photo in photos
    ]


def fingerprint(picture: Image.Image) -> dict[str, Any]:
    """Every column of table fingerprints but sha256, width and height, of an RGB picture."""
    scale = SHORT_SIDE / min(picture.size)
    small = picture.resize(
        (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), reducing_gap=2
    )
    grey = small.convert("L")
    levels = np.asarray(grey, dtype=float)
    content = borders.content_box(levels)
    left, top, right, bottom = content
    return {
        "version": VERSION,
        **hashes.hashes(grey, content),
        "thumbnail": np.asarray(grey.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)).tobytes(),
        "sharpness": float(ndimage.laplace(levels).var()),
        "brightness": float(levels.mean() / 255),
        "contrast": float(levels.std() / 255),
        "entropy": float(grey.entropy()),
        "colourfulness": _colourfulness(np.asarray(small, dtype=float)),
        "border_share": 1 - (right - left) * (bottom - top) / levels.size,
    }


def _colourfulness(rgb: npt.NDArray[np.float64]) -> float:
    """Hasler and Suesstrunk 2003, "Measuring colourfulness in natural images", equation 3."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    first, second = red - green, (red + green) / 2 - blue
    return float(np.hypot(first.std(), second.std()) + 0.3 * np.hypot(first.mean(), second.mean()))

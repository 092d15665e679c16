"""Hashes and measures of a photo, all from one decode at reduced scale."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from lesionflow import images
from lesionflow.curate import borders, colour, exposure, hashes, incremental, seams, strokes
from lesionflow.images import StoredPhoto, UnreadableImageError

VERSION = 2
"""Raised when a column's definition changes, so that rows of an earlier one are computed anew."""
SHORT_SIDE, LONG_SIDE = 225, 900
"""Pixels, at most, of the picture that is measured: a 600 x 450 JPEG then decodes at half scale. None is enlarged."""
THUMBNAIL = 64
"""Pixels of a thumbnail's side: the whole picture squeezed to a square."""
COLOUR_STEP = 3
"""Colours are measured on one pixel of so many to the right and down."""
CHUNK = 32
MEASURES = (
    "sharpness", "brightness", "contrast", "entropy", "dark_share", "bright_share", "colourfulness", "skin_share",
    "border_share", "letterbox_share", "seam_share", "text_share", "watermark_score",
)  # fmt: skip
UNREADABLE: dict[str, Any] = {"phash": "", "phash_turned": "", "phash_trimmed": "", "thumbnail": b""}


def with_cached(photos: Sequence[StoredPhoto], sizes: dict[str, tuple[int, int]], cached: pd.DataFrame) -> pd.DataFrame:
    """Table fingerprints of exactly `photos`: usable rows of `cached`, and the missing ones computed.

    Parameters
    ----------
    sizes : width and height in full, pixels, by content hash; the decode here is at reduced scale.
    """
    table = incremental.rows(photos, cached, _chunk, version=VERSION, chunk=CHUNK, desc="fingerprint")
    full = [sizes[sha256] for sha256 in table["sha256"]]
    return table.assign(width=[width for width, _ in full], height=[height for _, height in full])


def _chunk(photos: Sequence[StoredPhoto]) -> list[dict[str, Any]]:
    cv2.setNumThreads(0)  # the workers share the processors already
    return [{"sha256": photo.sha256} | fingerprint_bytes(photo.read()) for photo in photos]


def fingerprint_bytes(content: bytes) -> dict[str, Any]:
    """As `fingerprint`, of a picture's bytes; what cannot be decoded has a row without measures."""
    try:
        return fingerprint(images.decode(content, at_least=SHORT_SIDE))
    except UnreadableImageError:
        return {"version": VERSION, "readable": False, **UNREADABLE, **dict.fromkeys(MEASURES, np.nan)}


def fingerprint(picture: Image.Image) -> dict[str, Any]:
    """Every column of table fingerprints but sha256, width and height, of an RGB picture."""
    small = _scaled(picture)
    grey = small.convert("L")
    levels, pixels = np.asarray(grey), _sparse(small)
    content = borders.content_box(levels)
    left, top, right, bottom = content
    return {
        "version": VERSION,
        "readable": True,
        **_pictured(grey, content),
        "sharpness": exposure.sharpness(levels),
        **exposure.exposure(levels),
        "colourfulness": colour.colourfulness(pixels),
        "skin_share": colour.skin_share(pixels),
        **borders.shares(content, grey.size),
        "seam_share": seams.seam_share(levels[top:bottom, left:right]),
        **strokes.strokes(levels),
    }


def _pictured(grey: Image.Image, content: borders.Box) -> dict[str, Any]:
    """The thumbnail and the hashes, which are the thumbnail's; a picture that is nothing but border is not trimmed."""
    square, box = (THUMBNAIL, THUMBNAIL), Image.Resampling.BOX
    thumbnail = grey.resize(square, box)
    phash, turned = hashes.phashes(thumbnail)
    framed = content not in ((0, 0, *grey.size), (0, 0, 0, 0))
    trimmed = hashes.phashes(grey.resize(square, box, box=content))[0] if framed else phash
    return {"phash": phash, "phash_turned": turned, "phash_trimmed": trimmed, "thumbnail": thumbnail.tobytes()}


def _sparse(picture: Image.Image) -> npt.NDArray[np.uint8]:
    """Height x width x 3, of single pixels: a mean of several has less colour, and the whole picture takes time."""
    size = (-(-picture.width // COLOUR_STEP), -(-picture.height // COLOUR_STEP))
    return np.asarray(picture.resize(size, Image.Resampling.NEAREST))


def _scaled(picture: Image.Image) -> Image.Image:
    """The picture within SHORT_SIDE and LONG_SIDE, its proportions kept as far as sides of at least a pixel allow."""
    scale = min(1.0, SHORT_SIDE / min(picture.size), LONG_SIDE / max(picture.size))
    if scale == 1:
        return picture
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, reducing_gap=2)

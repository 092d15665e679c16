"""Local features of a photo: keypoints, descriptors and visual words, and the small picture that verifies pairs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from lesionflow import images
from lesionflow.curate import codebook, incremental, keypoints
from lesionflow.images import StoredPhoto, UnreadableImageError

VERSION = 3
"""Raised when a column's definition changes, so that rows of an earlier one are computed anew."""
SHORT_SIDE, LONG_SIDE = 160, 640
"""Pixels of the picture in which keypoints are sought; at 225 a 600 x 450 JPEG decodes at half scale."""
VIEW = 64
"""Pixels of the short side of the picture that verifies a pair."""
CHUNK = 16


def with_cached(photos: Sequence[StoredPhoto], cached: pd.DataFrame) -> pd.DataFrame:
    """Table local_features of exactly `photos`: usable rows of `cached`, and the missing ones computed."""
    return incremental.rows(photos, cached, _chunk, version=VERSION, chunk=CHUNK, desc="local features")


def _chunk(photos: Sequence[StoredPhoto]) -> list[dict[str, Any]]:
    return [{"sha256": photo.sha256} | describe_bytes(photo.read()) for photo in photos]


def describe_bytes(content: bytes) -> dict[str, Any]:
    """As `describe`, of a picture's bytes; what cannot be decoded looks like nothing: one grey pixel."""
    try:
        return describe(images.decode(content, at_least=SHORT_SIDE))
    except UnreadableImageError:
        return describe(Image.new("L", (1, 1), "grey"))


def describe(picture: Image.Image) -> dict[str, Any]:
    """Every column of table local_features but sha256, of a picture."""
    grey = _scaled(picture.convert("L"), SHORT_SIDE)
    view = _scaled(grey, VIEW)
    places, rooted = keypoints.detect(np.asarray(grey))
    book = codebook.load()
    descriptors = book.project(rooted)
    return {
        "version": VERSION,
        "width": grey.width,
        "height": grey.height,
        "places": places.tobytes(),
        "descriptors": descriptors.tobytes(),
        "words": np.unique(book.words(descriptors)),
        "words_mirrored": np.unique(book.words(book.mirrored(descriptors))),
        "view": np.asarray(view).tobytes(),
        "view_width": view.width,
    }


def _scaled(picture: Image.Image, side: int) -> Image.Image:
    """At this short side, or less where the long one would be more than four times as long."""
    scale = min(side / min(picture.size), side * LONG_SIDE / SHORT_SIDE / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    resample = Image.Resampling.HAMMING if scale < 1 else Image.Resampling.BICUBIC
    return picture if size == picture.size else picture.resize(size, resample)

"""A body counts only when it is what was declared and decodes whole; its format is sniffed, never believed."""

import hashlib
from typing import NamedTuple

from PIL import Image

from lesionflow import images
from lesionflow.images import UnreadableImageError
from lesionflow.ingest.reasons import Reason, Rejection

EXTENSIONS = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "BMP": "bmp", "TIFF": "tif"}


class Verified(NamedTuple):
    """Extension and upright size, pixels, of a body that decoded whole."""

    extension: str
    width: int
    height: int


def verify(content: bytes, checksum: str | None, *, max_pixels: int) -> Verified:
    """Hold a body against its declared checksum and decode all of it.

    Raises
    ------
    Rejection : with the reason for the ledger.
    """
    if not content:
        raise Rejection(Reason.EMPTY, "no bytes")
    if checksum is not None:
        kind, _, expected = checksum.partition(":")
        got = hashlib.new(kind, content, usedforsecurity=False).hexdigest()
        if got != expected:
            raise Rejection(Reason.CHECKSUM_MISMATCH, f"{kind}:{got}")
    return _decoded(content, max_pixels)


def _decoded(content: bytes, max_pixels: int) -> Verified:
    try:
        picture = images.opened(content)
    except Image.DecompressionBombError as error:
        raise Rejection(Reason.TOO_MANY_PIXELS, str(error)) from None
    except images.DECODER_ERRORS:
        reason = Reason.UNDECODABLE if images.looks_like_one(content) else Reason.NOT_AN_IMAGE
        raise Rejection(reason, f"starts with {content[:16]!r}") from None
    size, extension = picture.size, EXTENSIONS[picture.format or ""]
    if size[0] * size[1] > max_pixels:
        raise Rejection(Reason.TOO_MANY_PIXELS, f"{size[0]}x{size[1]}")
    try:
        upright = images.decode(content, max_pixels=max_pixels)
    except UnreadableImageError as error:
        raise Rejection(Reason.UNDECODABLE, " ".join(str(error).split())) from None
    return Verified(extension, *upright.size)

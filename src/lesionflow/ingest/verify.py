"""A body counts only when it is what was declared and decodes whole; its format is sniffed, never believed."""

import hashlib
import re
from typing import NamedTuple

from PIL import Image

from lesionflow import images
from lesionflow.images import UnreadableImageError
from lesionflow.ingest.reasons import Reason, Rejection

EXTENSIONS = {
    "JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "BMP": "bmp", "TIFF": "tif",
    "HEIF": "heic",
}  # fmt: skip
ENDS = {b"\xff\xd8": b"\xff\xd9", b"\x89PNG": b"IEND"}
"""How JPEG and PNG start, and what they have at their end."""
SNIFFED = 1024
"""Bytes at the start of a body that tell what it is, when it is no picture."""
SVG = re.compile(rb"<svg[\s>]", re.IGNORECASE)
HTML = re.compile(rb"<!doctype html|<(html|head|body|title|script|meta|div|p|h1)[\s>/]", re.IGNORECASE)


class Verified(NamedTuple):
    """Extension, upright size in pixels, and EXIF orientation (1-8) of a sound body."""

    extension: str
    width: int
    height: int
    orientation: int


def verify(content: bytes, checksum: str | None, *, max_pixels: int) -> Verified:
    """Hold a body against its declared checksum, read its header and decode all of it, once.

    A JPEG is decoded at its smallest scale: every coefficient is read, and only the last step of the arithmetic saved.

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
            # That a page came in the photo's place says more than that its checksum is another.
            reason = Reason.CHECKSUM_MISMATCH if images.looks_like_one(content) else _instead(content)
            raise Rejection(reason, f"{kind}:{got}, starts with {content[:16]!r}")
    picture = _opened(content)
    width, height = picture.size
    if width * height > max_pixels:
        raise Rejection(Reason.TOO_MANY_PIXELS, f"{width}x{height}")
    _decode(picture, max_pixels)
    # Asked for only now, since the orientation of a PNG may stand behind its pixels, and Pillow decodes them to see.
    turn = images.orientation(picture)
    size = (height, width) if turn in images.LYING else (width, height)
    return Verified(EXTENSIONS[picture.format or ""], *size, turn)


def _decode(picture: Image.Image, max_pixels: int) -> None:
    try:
        images.load(picture, at_least=1, max_pixels=max_pixels)
    except UnreadableImageError as error:
        reason = Reason.TRUNCATED if "truncated" in str(error) else Reason.UNDECODABLE
        raise Rejection(reason, " ".join(str(error).split())) from None


def _opened(content: bytes) -> Image.Image:
    try:
        return images.opened(content)
    except Image.DecompressionBombError as error:
        raise Rejection(Reason.TOO_MANY_PIXELS, str(error)) from None
    except images.DECODER_ERRORS:
        raise Rejection(_instead(content), f"starts with {content[:16]!r}") from None


def _instead(content: bytes) -> Reason:
    """What a body is that no decoder opens."""
    if images.looks_like_one(content):
        cut = any(content.startswith(start) and end not in content for start, end in ENDS.items())
        return Reason.TRUNCATED if cut else Reason.UNDECODABLE
    start = content[:SNIFFED]
    if HTML.search(start):
        return Reason.HTML
    return Reason.SVG if SVG.search(start) else Reason.NOT_AN_IMAGE

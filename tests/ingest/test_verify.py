import hashlib
import struct
import zlib

import pytest

from lesionflow.ingest.reasons import Reason, Rejection
from lesionflow.ingest.verify import Verified, verify
from tests.ingest.conftest import encoded, personal_exif, picture


def rejected(content, checksum=None, max_pixels=10_000):
    with pytest.raises(Rejection) as caught:
        verify(content, checksum, max_pixels=max_pixels)
    return caught.value.reason


@pytest.mark.parametrize(
    ("form", "extension"),
    [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"), ("GIF", "gif"), ("BMP", "bmp"), ("TIFF", "tif")],
)
def test_every_served_format_is_told_by_its_content(form, extension):
    assert verify(encoded(picture(), form), None, max_pixels=10_000) == Verified(extension, 24, 16)


def test_the_size_is_that_of_the_upright_picture():
    # Orientation 6 is a quarter turn: 24 x 16 stored, 16 x 24 seen.
    photo = encoded(picture(), "JPEG", exif=personal_exif(6))
    assert verify(photo, None, max_pixels=10_000) == Verified("jpg", 16, 24)


@pytest.mark.parametrize("kind", ["sha256", "md5"])
def test_a_declared_checksum_is_held_against_the_bytes(kind):
    photo = encoded(picture())
    right = f"{kind}:{hashlib.new(kind, photo).hexdigest()}"
    assert verify(photo, right, max_pixels=10_000).extension == "jpg"
    assert rejected(photo + b"\0", right) == Reason.CHECKSUM_MISMATCH


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP"])
def test_a_truncated_photo_is_undecodable(form):
    photo = encoded(picture(size=(80, 60)), form)
    assert rejected(photo[: len(photo) * 2 // 3]) == Reason.UNDECODABLE


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html><html><img src=x.jpg></html>",
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"P6 2 2 255 " + bytes(12),
    ],
)
def test_what_is_no_photo_is_not_an_image(content):
    assert rejected(content) == Reason.NOT_AN_IMAGE


@pytest.mark.parametrize("content", [b"GIF89a", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"BM"])
def test_a_photo_cut_in_its_header_is_undecodable(content):
    assert rejected(content) == Reason.UNDECODABLE


def test_no_bytes_are_empty():
    assert rejected(b"") == Reason.EMPTY


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def bomb(width: int, height: int) -> bytes:
    """A PNG that promises many pixels and holds none."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


# 101 x 100 is above 10,000; 20,000 x 20,000 is above Pillow's own limit too.
@pytest.mark.parametrize("size", [(101, 100), (20_000, 20_000)])
def test_too_many_pixels_are_refused_undecoded(size):
    assert rejected(bomb(*size)) == Reason.TOO_MANY_PIXELS

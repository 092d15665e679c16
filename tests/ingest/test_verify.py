import hashlib
import struct
import zlib

import pytest

from lesionflow.ingest.reasons import Reason, Rejection
from lesionflow.ingest.verify import Verified, verify
from tests.ingest.conftest import encoded, personal_exif, picture
from tests.ingest.faults import heic


def rejected(content, checksum=None, max_pixels=10_000):
    try:
        verify(content, checksum, max_pixels=max_pixels)
    except Rejection as rejection:
        return rejection.reason
    return None


@pytest.mark.parametrize(
    ("form", "extension"),
    [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"), ("GIF", "gif"), ("BMP", "bmp"), ("TIFF", "tif")],
)
def test_every_served_format_is_told_by_its_content(form, extension):
    content = encoded(picture(), form)
    assert verify(content, None, max_pixels=10_000) == Verified(extension, 24, 16, 1)


def test_heic_of_phones_is_served():
    assert verify(heic(), None, max_pixels=10_000) == Verified("heic", 64, 64, 1)


def test_the_size_is_that_of_the_upright_picture():
    # Orientation 6 is a quarter turn: 24 x 16 stored, 16 x 24 seen.
    photo = encoded(picture(), "JPEG", exif=personal_exif(6))
    assert verify(photo, None, max_pixels=10_000) == Verified("jpg", 16, 24, 6)


@pytest.mark.parametrize("kind", ["sha256", "md5"])
def test_a_declared_checksum_is_held_against_the_bytes(kind):
    photo = encoded(picture())
    right = f"{kind}:{hashlib.new(kind, photo).hexdigest()}"
    assert verify(photo, right, max_pixels=10_000).extension == "jpg"
    assert rejected(photo + b"\0", right) == Reason.CHECKSUM_MISMATCH
    assert rejected(b"<html>gone</html>", right) == Reason.HTML


@pytest.mark.parametrize(
    ("form", "reason"),
    [("JPEG", Reason.TRUNCATED), ("PNG", Reason.TRUNCATED), ("BMP", Reason.TRUNCATED), ("WEBP", Reason.UNDECODABLE)],
)
def test_a_truncated_photo_is_told_where_its_decoder_tells(form, reason):
    photo = encoded(picture(size=(80, 60)), form)
    assert rejected(photo[: len(photo) * 2 // 3]) == reason


@pytest.mark.parametrize("progressive", [False, True])
def test_every_cut_of_a_jpeg_is_noticed_though_it_is_decoded_small(progressive):
    photo = encoded(picture(size=(80, 60)), quality=95, progressive=progressive)
    assert {rejected(photo[:end]) for end in range(20, len(photo) - 10, 97)} == {Reason.TRUNCATED}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<!DOCTYPE html><html><img src=x.jpg></html>", Reason.HTML),
        (b"\xef\xbb\xbf\n <HTML lang='pt'>", Reason.HTML),
        (b"<script>location='/login'</script>", Reason.HTML),
        (b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', Reason.SVG),
        (b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg>', Reason.SVG),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", Reason.NOT_AN_IMAGE),
        (b"P6 2 2 255 " + bytes(12), Reason.NOT_AN_IMAGE),
    ],
)
def test_what_is_no_photo_is_called_by_its_name(content, reason):
    assert rejected(content) == reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xd8\xff", Reason.TRUNCATED),
        (b"\x89PNG\r\n\x1a\n", Reason.TRUNCATED),
        (b"GIF89a", Reason.UNDECODABLE),
        (b"II*\0", Reason.UNDECODABLE),
        (b"BM", Reason.UNDECODABLE),
    ],
)
def test_a_photo_cut_in_its_header_is_no_photo(content, reason):
    assert rejected(content) == reason


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

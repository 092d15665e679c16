"""Personal data (position, serial numbers, comments) leaves the file; not one pixel changes."""

import io
import re
import struct
from collections.abc import Iterator

from PIL import Image

from lesionflow import images

ORIENTATION = 0x0112
# APP0 JFIF, APP2 colour profile and APP14 Adobe decide how pixels look; the other APPn and comments do not.
JPEG_APPS_KEPT = (0xE0, 0xE2, 0xEE)
JPEG_DROPPED = (*(marker for marker in range(0xE0, 0xF0) if marker not in JPEG_APPS_KEPT), 0xFE)
JPEG_END, JPEG_SCAN = 0xD9, 0xDA
# In the pixels' data, FF 00 is a stuffed byte and FF D0 to FF D7 are restarts; any other FF xx is the next marker.
NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_DROPPED = (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME")


def strip(content: bytes, extension: str) -> tuple[bytes, str]:
    """The same picture and its extension, without metadata but orientation and colour profile.

    JPEG and PNG are cut losslessly, and what follows the picture is dropped. Any other format that carries metadata
    becomes a PNG of its first frame.
    """
    if extension == "jpg":
        return _strip_jpeg(content), extension
    if extension == "png":
        return _strip_png(content), extension
    with Image.open(io.BytesIO(content)) as picture:
        if not picture.getexif() and not {"exif", "xmp", "comment"} & picture.info.keys():
            return content, extension
    written = io.BytesIO()
    images.decode(content).save(written, "PNG")
    return written.getvalue(), "png"


def _strip_jpeg(content: bytes) -> bytes:
    kept = [b"\xff\xd8", _exif_segment(_orientation(content))]
    for marker, start, end in _jpeg_segments(content):
        multi_picture = content[start + 4 : start + 8] == b"MPF\0"
        if marker not in JPEG_DROPPED and not multi_picture:
            kept.append(content[start:end])
    return b"".join(kept)


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment to the end of the picture; a scan's segment holds its pixels."""
    place = 2
    while match := NEXT_MARKER.search(content, place):
        start, marker = match.start(), content[match.start() + 1]
        if marker == JPEG_END:
            yield marker, start, start + 2
            return
        end = start + 2 + int.from_bytes(content[start + 2 : start + 4], "big")
        if marker == JPEG_SCAN:
            following = NEXT_MARKER.search(content, end)
            end = following.start() if following else len(content)
        yield marker, start, end
        place = end


def _orientation(content: bytes) -> int:
    with Image.open(io.BytesIO(content)) as picture:
        value = picture.getexif().get(ORIENTATION, 1)
    return value if value in range(1, 9) else 1


def _exif_segment(orientation: int) -> bytes:
    """An Exif segment with this one entry (big-endian TIFF header, one IFD, one short); nothing for upright."""
    if orientation == 1:
        return b""
    entry = struct.pack(">HHIHH", ORIENTATION, 3, 1, orientation, 0)
    body = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0)
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _strip_png(content: bytes) -> bytes:
    kept, place, kind = [PNG_SIGNATURE], len(PNG_SIGNATURE), b""
    while kind != b"IEND" and place + 12 <= len(content):
        end = place + 12 + int.from_bytes(content[place : place + 4], "big")
        kind = content[place + 4 : place + 8]
        if kind not in PNG_DROPPED:
            kept.append(content[place:end])
        place = end
    return b"".join(kept)

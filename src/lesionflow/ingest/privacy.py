"""Personal data (position, serial numbers, comments) leaves the file; not one pixel changes."""

import io
import re
import struct
import zlib

from lesionflow import images

ORIENTATION = 0x0112
# What decides how the pixels look stays: frames, tables and scans, and these segments, told by how they start.
JPEG_APPS_KEPT = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
JPEG_KEPT, JPEG_END, JPEG_SCAN = range(0xC0, 0xE0), 0xD9, 0xDA
JPEG_KNOWN = {*range(0xC0, 0xD0), *range(0xDA, 0xF0), 0xFE} - {0xC8}  # frames, tables, scans, APPn, comment
MARKER = re.compile(rb"\xff+[^\x00\xff]")  # fill bytes may stand before
# In the pixels' data, FF 00 is a stuffed byte and FF D0 to FF D7 are restarts; any other FF xx is the next marker.
NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
WEBP_KEPT = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_DROPPED = (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME")


def strip(content: bytes, extension: str, orientation: int) -> tuple[bytes, str]:
    """The same picture and its extension, without metadata but orientation and colour profile.

    JPEG and PNG are cut losslessly, and what follows the picture is dropped. WebP stays when it carries none; anything
    else, as a JPEG that is not made by the book, becomes a PNG of its first frame, upright.

    Parameters
    ----------
    content : a picture that decodes.
    """
    if extension == "jpg" and (cut := _strip_jpeg(content, orientation)) is not None:
        return cut, extension
    if extension == "png":
        return _strip_png(content, orientation), extension
    if extension == "webp" and _webp_chunks(content) <= WEBP_KEPT:
        return content, extension
    return as_png(content, orientation), "png"


def as_png(content: bytes, orientation: int) -> bytes:
    """The picture as RGB PNG, upright; a PNG of this EXIF orientation stays as it is but for its metadata."""
    if content.startswith(PNG_SIGNATURE):
        return _strip_png(content, orientation)
    written = io.BytesIO()
    images.decode(content).save(written, "PNG")
    return written.getvalue()


def _strip_jpeg(content: bytes, orientation: int) -> bytes | None:
    segments = _jpeg_segments(content)
    if segments is None:
        return None
    exif = b"" if orientation == 1 else _segment(0xE1, b"Exif\0\0" + _exif(orientation))
    kept = [content[start:end] for marker, start, end in segments if _looks(marker, content, start)]
    # JFIF asks to come first.
    first = 1 if kept and kept[0][1] == 0xE0 else 0
    return b"".join([b"\xff\xd8", *kept[:first], exif, *kept[first:]])


def _looks(marker: int, content: bytes, start: int) -> bool:
    """Whether a segment has a say in how the picture looks."""
    if marker in JPEG_APPS_KEPT:
        return content.startswith(JPEG_APPS_KEPT[marker], start + 4)
    return marker in JPEG_KEPT


def _jpeg_segments(content: bytes) -> list[tuple[int, int, int]] | None:
    """Marker, start and end of each segment to the end of the picture; a scan's segment holds its pixels.

    None if they do not follow each other without a gap, or one is of an unknown kind: a decoder guesses its way through
    such a file, and a cut would make it guess otherwise.
    """
    segments: list[tuple[int, int, int]] = []
    place = 2
    while match := MARKER.match(content, place):
        start, marker = match.end() - 2, content[match.end() - 1]
        if marker == JPEG_END:
            return [*segments, (marker, start, start + 2)]
        length = int.from_bytes(content[start + 2 : start + 4], "big")
        place = start + 2 + length
        following = NEXT_MARKER.search(content, place) if marker == JPEG_SCAN else match
        if marker not in JPEG_KNOWN or length < 2 or following is None:
            return None
        place = following.start() if marker == JPEG_SCAN else place
        segments.append((marker, start, place))
    return None


def _exif(orientation: int) -> bytes:
    """Exif with this one entry: big-endian TIFF header, one IFD, one short."""
    entry = struct.pack(">HHIHH", ORIENTATION, 3, 1, orientation, 0)
    return b"MM\0*" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0)


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _webp_chunks(content: bytes) -> set[bytes]:
    """The kinds of the chunks after the RIFF header; what follows the last whole one counts as a kind."""
    kinds, place = set(), 12
    while place < len(content):
        kinds.add(content[place : place + 4])
        size = int.from_bytes(content[place + 4 : place + 8], "little")
        place += 8 + size + size % 2
    return kinds


def _strip_png(content: bytes, orientation: int) -> bytes:
    kept, place, kind = [PNG_SIGNATURE], len(PNG_SIGNATURE), b""
    while kind != b"IEND" and place + 12 <= len(content):
        end = place + 12 + int.from_bytes(content[place : place + 4], "big")
        kind = content[place + 4 : place + 8]
        if kind not in PNG_DROPPED:
            kept.append(content[place:end])
        if kind == b"IHDR" and orientation != 1:
            kept.append(_chunk(b"eXIf", _exif(orientation)))
        place = end
    return b"".join(kept)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

"""Photos as small pictures beside a page."""

import hashlib
import io
import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import PIL
from PIL import Image

from lesionflow import images, parallel
from lesionflow.images import StoredPhoto, UnreadableImageError

SHORT_SIDE, LONG_SIDE = 160, 480
"""Pixels, at most: a banner would be enormous if only its shorter side were bounded. None is enlarged."""
QUALITY = 80
CHUNK = 16


@dataclass(frozen=True)
class Thumbnail:
    """A picture's file name, which tells nothing of the photo, and its size in pixels."""

    name: str
    width: int
    height: int


def write(
    photos: Mapping[str, StoredPhoto], wanted: Collection[str], folder: Path, *, earlier: Path | None = None
) -> dict[str, Thumbnail]:
    """Write JPEGs of the `wanted` photos into `folder`, which this makes; the others are not decoded.

    Parameters
    ----------
    earlier : a folder that an earlier run wrote; pictures in it are copied, and their photos not decoded.

    Returns
    -------
    By content hash; photos that are not stored, or cannot be decoded, are left out.
    """
    folder.mkdir(parents=True)
    names = _names(sorted(sha256 for sha256 in wanted if sha256 in photos))
    found = {} if earlier is None else _copied(names, earlier, folder)
    chunks = parallel.chunked([photos[sha256] for sha256 in names if sha256 not in found], CHUNK)
    for chunk, contents in zip(
        chunks, parallel.map_ordered(_chunk, chunks, desc="thumbnails", unit="chunk"), strict=True
    ):
        for photo, made in zip(chunk, contents, strict=True):
            if made is not None:
                content, (width, height) = made
                thumbnail = Thumbnail(names[photo.sha256], width, height)
                (folder / thumbnail.name).write_bytes(content)
                found[photo.sha256] = thumbnail
    return found


def _names(photos: Sequence[str]) -> dict[str, str]:
    """By content hash, a digest of the photo and of all that decides its picture: the same name, the same bytes."""
    deciding = json.dumps([SHORT_SIDE, LONG_SIDE, QUALITY, PIL.__version__, Path(__file__).read_text("utf-8")])
    return {sha256: f"{hashlib.sha256((sha256 + deciding).encode()).hexdigest()[:32]}.jpg" for sha256 in photos}


def _copied(names: Mapping[str, str], earlier: Path, folder: Path) -> dict[str, Thumbnail]:
    found = {}
    for sha256, name in names.items():
        try:
            with Image.open(earlier / name, formats=["JPEG"]) as picture:
                size = picture.size
            shutil.copyfile(earlier / name, folder / name)
        except OSError:  # none there, or none that is whole
            continue
        found[sha256] = Thumbnail(name, *size)
    return found


def _chunk(photos: Sequence[StoredPhoto]) -> list[tuple[bytes, tuple[int, int]] | None]:
    return [_made(photo.read()) for photo in photos]


def _made(content: bytes) -> tuple[bytes, tuple[int, int]] | None:
    try:
        picture = images.decode(content, at_least=SHORT_SIDE)
    except UnreadableImageError:
        return None
    scale = min(1.0, SHORT_SIDE / min(picture.size), LONG_SIDE / max(picture.size))
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    small = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2)
    small.info = {}  # Pillow would carry a comment over
    written = io.BytesIO()
    small.save(written, "JPEG", quality=QUALITY, optimize=True)
    return written.getvalue(), size

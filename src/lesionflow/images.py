"""Photos as bytes in shards and as decoded pictures. Bytes are hostile until they have been decoded here."""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from PIL import Image, ImageOps, UnidentifiedImageError

from lesionflow.errors import LesionflowError

MAX_PIXELS = 100_000_000
"""Pictures beyond this many pixels are refused before they are unpacked (decompression bombs)."""


class UnreadableImageError(LesionflowError):
    """The bytes are no picture that can be decoded whole."""


@dataclass(frozen=True)
class StoredPhoto:
    """Where the bytes of one photo lie."""

    sha256: str
    shard: Path
    offset: int
    length: int

    def read(self) -> bytes:
        """The photo's bytes (see `read_span`)."""
        return read_span(self.shard, self.offset, self.length)


def stored_photos(ingested: pd.DataFrame, shards: Path) -> dict[str, StoredPhoto]:
    """The stored photos of table ingested by content hash; of several copies, the one of the smallest record_id."""
    rows = ingested[ingested["status"] == "stored"].sort_values("record_id").drop_duplicates("sha256")
    return {
        row.sha256: StoredPhoto(row.sha256, shards / row.shard, int(row.offset), int(row.length))
        for row in rows.sort_values("sha256").itertuples()
    }


def read_span(path: Path, offset: int, length: int) -> bytes:
    """The bytes of one shard entry.

    Raises
    ------
    LesionflowError : the shard is missing or shorter than its table says.
    """
    try:
        with Path(path).open("rb") as shard:
            shard.seek(offset)
            content = shard.read(length)
    except FileNotFoundError:
        raise LesionflowError(f"{path}: no such shard", remedy="Run `dvc repro ingest`.") from None
    if len(content) != length:
        raise LesionflowError(
            f"{path}: cut short",
            got=f"{len(content)} bytes at {offset}",
            expected=f"{length} bytes",
            remedy="Run `dvc repro -f ingest`.",
        )
    return content


def decode(content: bytes, *, at_least: int | None = None, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Decode a whole picture to RGB, upright as its EXIF orientation says; of an animation, the first frame.

    Parameters
    ----------
    at_least : when given, a JPEG may be decoded at reduced scale, as long as its short side keeps this many pixels.

    Raises
    ------
    UnreadableImageError : empty, truncated, not a picture, or more than `max_pixels`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content))
            if picture.width * picture.height > max_pixels:
                raise UnreadableImageError(
                    "picture too large",
                    got=f"{picture.width}x{picture.height}",
                    expected=f"at most {max_pixels} pixels",
                )
            if at_least is not None:
                picture.draft("RGB", _reduced(picture.size, at_least))
            picture.load()
    except UnreadableImageError:
        raise
    except Image.DecompressionBombError as error:
        raise UnreadableImageError("picture too large", got=str(error)) from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError) as error:
        # Pillow's decoders raise all of these on damaged files.
        raise UnreadableImageError(
            "not a picture that can be decoded", got=f"{type(error).__name__}: {error}"
        ) from None
    return _rgb(ImageOps.exif_transpose(picture))


def _reduced(size: tuple[int, int], at_least: int) -> tuple[int, int]:
    """The size to ask of the JPEG decoder, whose scales are 1/1, 1/2, 1/4 and 1/8 and which never goes below it."""
    scale = max(1.0, min(size) / at_least)
    return int(size[0] / scale), int(size[1] / scale)


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        # Transparent pixels have arbitrary colours below; white is what a viewer shows.
        layered = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered)
    if picture.mode.startswith("I"):
        # 16-bit grey: Pillow's own conversion clips to 255 where it should scale.
        picture = picture.convert("I").point(lambda value: value / 256).convert("L")
    return picture.convert("RGB")

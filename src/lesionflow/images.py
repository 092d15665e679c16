"""Photos as bytes in shards and as decoded pictures. Bytes are hostile until they have been decoded here."""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pillow_heif
from PIL import ExifTags, Image, UnidentifiedImageError

from lesionflow.errors import LesionflowError

MAX_PIXELS = 100_000_000
"""Pictures beyond this many pixels are refused before they are unpacked (decompression bombs)."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF")
"""The decoders that bytes may choose among, by content; Pillow's rarer ones stay out of reach of strangers."""

DECODER_ERRORS = (
    UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, AttributeError,
    ArithmeticError, MemoryError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow's decoders raise on damaged files."""

# Pillow loads most of its decoders late, and naming one in `formats` before that is a KeyError.
Image.init()
pillow_heif.register_heif_opener()

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How to turn a picture of each EXIF orientation."""

LYING = frozenset({5, 6, 7, 8})
"""The EXIF orientations that exchange width and height."""

SAME_SHAPE = 0.02
"""By which the aspects of one picture at two scales may differ."""


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
    columns = (rows.sort_values("sha256")[name] for name in ("sha256", "shard", "offset", "length"))
    return {
        sha256: StoredPhoto(sha256, shards / shard, int(offset), int(length))
        for sha256, shard, offset, length in zip(*columns, strict=True)
    }


def stored_masks(ingested: pd.DataFrame, shards: Path) -> dict[str, StoredPhoto]:
    """The lesion masks of table ingested by their photo's content hash; of several, that of the smallest record_id."""
    known = ingested[(ingested["status"] == "stored") & ingested["mask_sha256"].notna()]
    rows = known.sort_values("record_id").drop_duplicates("sha256").sort_values("sha256")
    columns = (rows[name] for name in ("sha256", "mask_sha256", "shard", "mask_offset", "mask_length"))
    return {
        sha256: StoredPhoto(mask, shards / shard, int(offset), int(length))
        for sha256, mask, shard, offset, length in zip(*columns, strict=True)
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
        picture = opened(content)
    except Image.DecompressionBombError as error:
        raise UnreadableImageError("picture too large", got=str(error)) from None
    except DECODER_ERRORS as error:
        raise _undecodable(error) from None
    load(picture, at_least=at_least, max_pixels=max_pixels)
    turn = UPRIGHT.get(orientation(picture))
    return _rgb(picture if turn is None else picture.transpose(turn))


def same_shape(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two sizes (width, height) are of one picture at two scales, each rounded to whole pixels."""
    return abs(one[0] / one[1] - other[0] / other[1]) <= SAME_SHAPE


def load(picture: Image.Image, *, at_least: int | None = None, max_pixels: int = MAX_PIXELS) -> None:
    """Decode the pixels of an opened picture; see `decode`.

    Raises
    ------
    UnreadableImageError : truncated, damaged, or more than `max_pixels`.
    """
    if picture.width * picture.height > max_pixels:
        got = f"{picture.width}x{picture.height}"
        raise UnreadableImageError("picture too large", got=got, expected=f"at most {max_pixels} pixels")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters in them is raised here, or decodes all the same
            if at_least is not None:
                picture.draft("RGB", _reduced(picture.size, at_least))
            picture.load()
    except Image.DecompressionBombError as error:
        raise UnreadableImageError("picture too large", got=str(error)) from None
    except DECODER_ERRORS as error:
        raise _undecodable(error) from None


def _undecodable(error: Exception) -> UnreadableImageError:
    return UnreadableImageError("not a picture that can be decoded", got=f"{type(error).__name__}: {error}")


def opened(content: bytes) -> Image.Image:
    """The picture with its header read and no pixel yet, by the decoder that the content calls for.

    Raises
    ------
    Any of DECODER_ERRORS, or Image.DecompressionBombError.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Image.open(io.BytesIO(content), formats=FORMATS)


def looks_like_one(content: bytes) -> bool:
    """Whether the first bytes are those of a picture, though the rest may be damaged."""
    accepts = (Image.OPEN[name][1] for name in FORMATS)
    return any(accept is not None and accept(content[:16]) is True for accept in accepts)


def orientation(picture: Image.Image) -> int:
    """EXIF orientation, 1-8; a damaged EXIF block says nothing and does not spoil the pixels."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = picture.getexif().get(ExifTags.Base.Orientation, 1)
        return int(value) if value in range(1, 9) else 1
    except DECODER_ERRORS:
        return 1


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
    return picture if picture.mode == "RGB" else picture.convert("RGB")  # which would copy it

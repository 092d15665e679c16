"""What is planted: copies of photos under many changes, and photos that no one can use."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from lesionflow.sample.drawing import as_jpeg
from lesionflow.sample.skin import HEIGHT, WIDTH


def _crop(share: float) -> Callable[[Image.Image], Image.Image]:
    dx, dy = int(WIDTH * share / 2), int(HEIGHT * share / 2)
    return lambda photo: photo.crop((dx, dy, WIDTH - dx, HEIGHT - dy))


def _colour(photo: Image.Image) -> Image.Image:
    shifted = np.asarray(photo, dtype=float) * [1.08, 1.0, 0.92]
    return Image.fromarray(np.clip(shifted, 0, 255).astype(np.uint8))


def _watermark(photo: Image.Image) -> Image.Image:
    marked = photo.copy()
    pen = ImageDraw.Draw(marked)
    pen.rectangle((0, HEIGHT - 18, WIDTH, HEIGHT), fill="white")
    pen.text((8, HEIGHT - 15), "synthetic sample", fill="black")
    return marked


NEAR_COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "half_size": lambda photo: photo.resize((WIDTH // 2, HEIGHT // 2)),
    "brighter": lambda photo: ImageEnhance.Brightness(photo).enhance(1.2),
    "darker": lambda photo: ImageEnhance.Brightness(photo).enhance(0.8),
    "colour_shift": _colour,
    "crop_5": _crop(0.05),
    "crop_10": _crop(0.10),
    "mirrored": ImageOps.mirror,
    "rotated_90": lambda photo: photo.transpose(Image.Transpose.ROTATE_90),
    "border": lambda photo: ImageOps.expand(photo, border=12, fill="white"),
    "watermark": _watermark,
    "recompressed": lambda photo: Image.open(io.BytesIO(as_jpeg(photo, 40))),
}


def near_copy(photo: Image.Image, transform: str) -> bytes:
    """The photo changed as named, as JPEG bytes."""
    return as_jpeg(NEAR_COPIES[transform](photo).convert("RGB"))


def _even(level: int) -> Callable[[np.random.Generator, Image.Image], bytes]:
    def make(rng: np.random.Generator, photo: Image.Image) -> bytes:
        levels = np.clip(rng.normal(level, 1.5, (photo.height, photo.width, 3)), 0, 255)
        return as_jpeg(Image.fromarray(levels.astype(np.uint8)))

    return make


def _text_page(rng: np.random.Generator, photo: Image.Image) -> bytes:
    page = Image.new("RGB", photo.size, "white")
    pen = ImageDraw.Draw(page)
    for y in range(4, photo.height, 13):
        line = "".join(chr(code) for code in rng.integers(97, 123, 38))
        pen.text((6, y), line, fill="black")
    return as_jpeg(page)


def _blurred(rng: np.random.Generator, photo: Image.Image) -> bytes:
    small = photo.resize((int(rng.integers(5, 8)), 5))
    return as_jpeg(small.resize(photo.size, Image.Resampling.BICUBIC))


def _collage(_: np.random.Generator, photo: Image.Image) -> bytes:
    sheet = Image.new("RGB", (2 * WIDTH + 6, HEIGHT), "white")
    sheet.paste(photo, (0, 0))
    sheet.paste(ImageEnhance.Brightness(photo.rotate(180)).enhance(0.9), (WIDTH + 6, 0))
    return as_jpeg(sheet)


def _meadow(rng: np.random.Generator, photo: Image.Image) -> bytes:
    """Grass under the sky, with a tree: no skin."""
    horizon, at = int(rng.integers(80, 110)), int(rng.integers(40, 200))
    hills = [(x, horizon + 14 * np.sin(x / rng.uniform(25, 35))) for x in range(0, WIDTH + 1, 8)]
    scene = Image.new("RGB", photo.size, (120, 170, 225))
    pen = ImageDraw.Draw(scene)
    pen.polygon([(0, HEIGHT), *hills, (WIDTH, HEIGHT)], fill=(70, 130, 50))
    pen.rectangle((at, horizon - 40, at + 8, horizon + 20), fill=(90, 65, 45))
    pen.ellipse((at - 30, horizon - 65, at + 38, horizon - 15), fill=(40, 95, 40))
    grain = np.asarray(scene, dtype=float) + rng.normal(0, 12, (HEIGHT, WIDTH, 1))
    return as_jpeg(Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8)))


def _mostly_border(rng: np.random.Generator, photo: Image.Image) -> bytes:
    page = Image.new("RGB", photo.size, "white")
    page.paste(photo.resize((WIDTH // 3, HEIGHT // 3)), (int(rng.integers(20, 150)), int(rng.integers(20, 100))))
    return as_jpeg(page)


UNUSABLE: dict[str, Callable[[np.random.Generator, Image.Image], bytes]] = {
    "truncated": lambda rng, photo: as_jpeg(photo)[: int(rng.integers(900, 1500))],
    "html": lambda rng, photo: f"<html><body>Not found {rng.integers(1_000_000)} {photo.size}</body></html>".encode(),
    "black": _even(4),
    "white": _even(251),
    "flat": _even(128),
    "tiny": lambda rng, photo: as_jpeg(photo.resize((int(rng.integers(30, 48)), 30))),
    "blurred": _blurred,
    "text_page": _text_page,
    "collage": _collage,
    "meadow": _meadow,
    "mostly_border": _mostly_border,
}

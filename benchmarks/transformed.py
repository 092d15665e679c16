"""What happens to photos on their way through the web: changes of a photo that leave it the same photo."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from lesionflow import seeding

Change = Callable[[Image.Image, np.random.Generator], Image.Image]


def _recompressed(quality: int) -> Change:
    def change(photo: Image.Image, _: np.random.Generator) -> Image.Image:
        buffer = io.BytesIO()
        photo.save(buffer, "JPEG", quality=quality)
        return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")

    return change


def _half(photo: Image.Image, _: np.random.Generator) -> Image.Image:
    return photo.resize((photo.width // 2, photo.height // 2))


def _blurred(photo: Image.Image, _: np.random.Generator) -> Image.Image:
    return photo.filter(ImageFilter.GaussianBlur(0.006 * min(photo.size)))


def _brightness(factor: float) -> Change:
    return lambda photo, _: ImageEnhance.Brightness(photo).enhance(factor)


def _colour(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    shifted = np.asarray(photo, dtype=float) * rng.uniform(0.85, 1.15, 3)
    return Image.fromarray(np.clip(shifted, 0, 255).astype(np.uint8))


def _cropped(share: float) -> Change:
    """Without `share` of each side, anywhere."""

    def change(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
        width, height = round(photo.width * (1 - share)), round(photo.height * (1 - share))
        left, top = (int(rng.integers(room + 1)) for room in (photo.width - width, photo.height - height))
        return photo.crop((left, top, left + width, top + height))

    return change


def _transposed(method: Image.Transpose) -> Change:
    return lambda photo, _: photo.transpose(method)


def _tilted(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Rotated by 5 to 15 degrees, the corners black or white, cut off or not."""
    angle = rng.uniform(5, 15) * rng.choice([-1, 1])
    fill = (int(rng.choice([0, 255])),) * 3
    return photo.rotate(angle, Image.Resampling.BICUBIC, expand=bool(rng.integers(2)), fillcolor=fill)


def _colour_of(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = (int(level) for level in rng.integers(0, 256, 3))
    return red, green, blue


def _bordered(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    return ImageOps.expand(photo, border=round(0.1 * min(photo.size)), fill=_colour_of(rng))


def _barred(photo: Image.Image, _: np.random.Generator) -> Image.Image:
    """A white bar of a tenth of the height, with an address."""
    marked, height = photo.copy(), round(0.1 * photo.height)
    pen = ImageDraw.Draw(marked)
    pen.rectangle((0, photo.height - height, photo.width, photo.height), fill="white")
    place = (10, photo.height - height + 4)
    pen.text(place, "www.example.org photo archive", fill="black", font_size=max(10, height // 2))
    return marked


def _written_on(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    marked = photo.copy()
    place = (photo.width * rng.uniform(0, 0.3), photo.height * rng.uniform(0.1, 0.8))
    size = max(12, photo.height // 8)
    ImageDraw.Draw(marked).text(place, "SAMPLE IMAGE 0123", fill=_colour_of(rng), font_size=size)
    return marked


def _screenshot(photo: Image.Image, _: np.random.Generator) -> Image.Image:
    """In the page of an atlas, the same for all photos: about half of the picture is the page."""
    width, height = round(photo.width * 1.3), round(photo.height * 1.6)
    page = Image.new("RGB", (width, height), (245, 245, 245))
    pen = ImageDraw.Draw(page)
    pen.rectangle((0, 0, width, height // 12), fill=(40, 60, 120))
    pen.text((12, 8), "Dermatology atlas  -  12:45", fill="white", font_size=height // 28)
    page.paste(photo, ((width - photo.width) // 2, height // 7))
    for line in range(3):
        place = (20, height - height // 6 + line * height // 22)
        text = "Figure 3. A lesion of the skin, as seen in the clinic."
        pen.text(place, text, fill="black", font_size=height // 30)
    return page


SINGLE: dict[str, Change] = {
    "jpeg_q40": _recompressed(40),
    "half_size": _half,
    "blur": _blurred,
    "brighter_20": _brightness(1.2),
    "darker_20": _brightness(0.8),
    "colour_shift": _colour,
    "crop_5": _cropped(0.05),
    "crop_10": _cropped(0.10),
    "crop_20": _cropped(0.20),
    "crop_30": _cropped(0.30),
    "flip": _transposed(Image.Transpose.FLIP_LEFT_RIGHT),
    "rotate_90": _transposed(Image.Transpose.ROTATE_90),
    "rotate_180": _transposed(Image.Transpose.ROTATE_180),
    "rotate_270": _transposed(Image.Transpose.ROTATE_270),
    "rotate_5_15": _tilted,
    "border_10": _bordered,
    "watermark_bar": _barred,
    "overlay_text": _written_on,
    "screenshot": _screenshot,
}
COMBINED = (
    ("crop_20", "flip", "jpeg_q40"),
    ("rotate_5_15", "border_10", "half_size"),
    ("crop_10", "overlay_text", "colour_shift"),
    ("screenshot", "brighter_20", "half_size"),
    ("crop_30", "rotate_90", "darker_20"),
    ("blur", "watermark_bar", "jpeg_q40"),
)
NAMES = (*SINGLE, *("+".join(parts) for parts in COMBINED))


def transformed(photo: Image.Image, name: str, *, seed: int, photo_id: str) -> Image.Image:
    """The photo changed as one of NAMES says, the same each time."""
    rng = seeding.generator(seed, "transformed", name, photo_id)
    for part in name.split("+"):
        photo = SINGLE[part](photo, rng)
    return photo

"""Corruptions by name: what the shortcut audit does to photos. Each has severities 1 to 5, and depends on a seed."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from lesionflow import seeding
from lesionflow.errors import LesionflowError
from lesionflow.explain import degradations, overlays
from lesionflow.explain.overlays import Cover, Picture, Rng

NONE, LESION_COVERED, BORDER_ONLY = "none", "lesion_covered", "border_only"
"""The photo as it is; the lesion under an even box; all under one but the border."""
BORDER_SHARE = 0.3
"""Share of the area that `border_only` leaves: Bissoto et al. 2019, who cover 70 %."""
GROWN = 1.1
"""How much wider and higher than the lesion its box is, so that no edge of it is seen."""

Overlay = Callable[[Rng, Picture, int], tuple[Picture, Cover]]
Degradation = Callable[[Rng, Picture, int], Picture]
OVERLAYS: dict[str, Overlay] = {
    "ruler": overlays.ruler,
    "watermark": overlays.watermark,
    "pen": overlays.pen,
    "hair": overlays.hair,
    "gel": overlays.gel,
    "border": overlays.border,
    "vignette": overlays.vignette,
}
DEGRADATIONS: dict[str, Degradation] = {
    "colour_cast": degradations.colour_cast,
    "low_light": degradations.low_light,
    "over_exposure": degradations.over_exposure,
    "blur": degradations.blur,
    "jpeg": degradations.jpeg,
    "crop": degradations.crop,
}
NAMES = (*OVERLAYS, *DEGRADATIONS)


class Corrupted(NamedTuple):
    """A corrupted photo, and what of it is under the artefact (H, W); None when the change has no place."""

    picture: Image.Image
    cover: Cover | None


def corrupt(picture: Image.Image, name: str, severity: int, *, of: str, seed: int) -> Corrupted:
    """The photo under a corruption.

    The same photo (`of`), corruption and seed draw the same thing at every severity: only its extent grows.

    Raises
    ------
    LesionflowError : no such corruption, or a severity outside 1 to 5.
    """
    if name not in NAMES or severity not in range(1, 6):
        raise LesionflowError(
            "corruption", got=f"{name} at {severity}", expected=f"severity 1 to 5 of {', '.join(NAMES)}"
        )
    rng, pixels = seeding.generator(seed, "corruption", name, of), _floats(picture)
    if name in OVERLAYS:
        drawn, cover = OVERLAYS[name](rng, pixels, severity)
        return Corrupted(_picture(drawn), cover)
    return Corrupted(_picture(DEGRADATIONS[name](rng, pixels, severity)), None)


def border_only(picture: Image.Image) -> Image.Image:
    """The photo with its middle, 70 % of the area and the same for all photos, under its border's mean colour."""
    side = np.sqrt(1 - BORDER_SHARE)
    margins = [round(length * (1 - side) / 2) for length in picture.size]
    box = (margins[0], margins[1], picture.width - margins[0], picture.height - margins[1])
    return _covered(picture, box)


def lesion_covered(picture: Image.Image, mask: npt.NDArray[np.bool_]) -> Image.Image | None:
    """The photo with a box over its lesion (mask (H, W)), in the mean colour around; None when nothing is left."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    x, wide = (columns[0] + columns[-1] + 1) / 2, GROWN * (columns[-1] + 1 - columns[0]) / 2
    y, high = (rows[0] + rows[-1] + 1) / 2, GROWN * (rows[-1] + 1 - rows[0]) / 2
    box = (max(0, round(x - wide)), max(0, round(y - high)), round(x + wide), round(y + high))
    inside = (min(box[2], picture.width) - box[0]) * (min(box[3], picture.height) - box[1])
    return None if inside >= picture.width * picture.height else _covered(picture, box)


def _covered(picture: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    pixels = np.asarray(picture).copy()
    left, top, right, bottom = box
    rest = np.ones(pixels.shape[:2], dtype=bool)
    rest[top:bottom, left:right] = False
    pixels[top:bottom, left:right] = pixels[rest].mean(axis=0).round().astype(np.uint8)
    return Image.fromarray(pixels)


def _floats(picture: Image.Image) -> Picture:
    return np.asarray(picture, dtype=np.float32) / 255


def _picture(pixels: Picture) -> Image.Image:
    return Image.fromarray((np.clip(pixels, 0, 1) * 255).round().astype(np.uint8))

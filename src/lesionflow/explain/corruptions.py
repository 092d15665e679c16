"""Corruptions by name: what the shortcut audit does to photos. Each has severities 1 to 5, and depends on a seed."""

from collections.abc import Callable, Iterable
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
COVERED, GROWN = 0.9, 1.1
"""Share of the lesions that their box covers, and how much wider and higher it is, so that no edge of them is seen."""
Mask = npt.NDArray[np.bool_]

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


def box_sides(masks: Iterable[Mask]) -> tuple[float, float] | None:
    """Width and height, as shares of the photo's, of the box that covers all but the largest tenth of the lesions.

    One size for all photos: a box that fitted each lesion would tell its size, which is no background.
    """
    sizes = [((right - left) / mask.shape[1], (below - top) / mask.shape[0])
             for mask in masks if mask.any() for left, top, right, below in [_bounds(mask)]]  # fmt: skip
    if not sizes:
        return None
    wide, high = np.quantile(np.array(sizes), COVERED, axis=0)
    return min(1.0, GROWN * float(wide)), min(1.0, GROWN * float(high))


def lesion_covered(picture: Image.Image, mask: Mask, sides: tuple[float, float]) -> Image.Image | None:
    """The photo with a box of these `sides` over its lesion (mask (H, W)), in the mean colour around.

    None where there is no lesion, where it is larger than the box, or where the box is the whole photo.
    """
    if not mask.any():
        return None
    left, top, right, below = _bounds(mask)
    wide, high = (max(1, round(share * length)) for share, length in zip(sides, picture.size, strict=True))
    if right - left > wide or below - top > high or wide * high >= picture.width * picture.height:
        return None
    x = min(max(0, round((left + right - wide) / 2)), picture.width - wide)
    y = min(max(0, round((top + below - high) / 2)), picture.height - high)
    return _covered(picture, (x, y, x + wide, y + high))


def _bounds(mask: Mask) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a mask that is not empty; the last two are just outside."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _covered(picture: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    pixels = np.asarray(picture).copy()
    left, top, right, bottom = box
    rest = np.ones(pixels.shape[:2], dtype=bool)
    rest[top:bottom, left:right] = False
    pixels[top:bottom, left:right] = pixels[rest].mean(axis=0).round().astype(np.uint8)
    return Image.fromarray(pixels)


def _floats(picture: Image.Image) -> Picture:
    return np.asarray(np.asarray(picture) / 255, dtype=np.float32)


def _picture(pixels: Picture) -> Image.Image:
    return Image.fromarray((np.clip(pixels, 0, 1) * 255).round().astype(np.uint8))

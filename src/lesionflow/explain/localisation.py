"""Whether maps lie on the lesion, where its mask is known."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from lesionflow import images
from lesionflow.explain.gradcam import Maps
from lesionflow.images import StoredPhoto, UnreadableImageError
from lesionflow.learn.preprocessing import Preprocess

Flags = npt.NDArray[np.bool_]
THRESHOLDS = np.linspace(0.05, 0.95, 19)
"""Of a map from 0 to 1, at which it is held against the mask."""


class Masks(NamedTuple):
    """Lesion masks by content hash, as the network sees the photo (H, W), and how many could not be used, by reason."""

    seen: dict[str, Flags]
    unusable: dict[str, int]


def masks(stored: Mapping[str, StoredPhoto], sizes: Mapping[str, tuple[int, int]], preprocess: Preprocess) -> Masks:
    """The masks of photos, through the same resizing and cropping as the photos.

    A photo without a mask is left out and not counted.

    Parameters
    ----------
    stored : where the masks lie, by the photo's content hash.
    sizes : of the photos as they were decoded, width and height in pixels.
    """
    seen, unusable = {}, {"unreadable": 0, "another shape than its photo": 0, "out of view": 0}
    for name in sorted(stored):
        try:
            picture = images.decode(stored[name].read())
        except UnreadableImageError:
            unusable["unreadable"] += 1
            continue
        if not images.same_shape(picture.size, sizes[name]):
            unusable["another shape than its photo"] += 1
            continue
        mask = in_view(picture, preprocess)
        if mask.any() and not mask.all():
            seen[name] = mask
        else:
            unusable["out of view"] += 1
    return Masks(seen, {reason: count for reason, count in unusable.items() if count})


def in_view(mask: Image.Image, preprocess: Preprocess) -> Flags:
    """A mask as the network sees its photo (H, W): lighter than the middle counts as lesion."""
    pixels = preprocess.pixels(mask.convert("RGB"))
    return np.asarray((pixels[0] > 127).numpy())


def pointing(found: Maps, lesions: Flags) -> Maps:
    """The pointing game (Zhang et al. 2018): whether each map's highest place (B,) is in the lesion, 1 or 0.

    Without the tolerance of 15 pixels that the paper gives: a lesion's edge is no object's box.
    """
    places = found.reshape(len(found), -1).argmax(axis=1)
    return np.asarray(lesions.reshape(len(lesions), -1)[np.arange(len(found)), places], dtype=np.float32)


def energy(found: Maps, inside: Flags) -> Maps:
    """The share of each map's sum (B,) that lies inside; 0 for an empty map (Wang et al. 2020, Score-CAM)."""
    total = found.sum(axis=(1, 2), dtype=float)
    within = (found * inside).sum(axis=(1, 2), dtype=float)
    return np.asarray(np.divide(within, total, out=np.zeros(len(found)), where=total > 0), dtype=np.float32)


def overlap(found: Maps, lesions: Flags, threshold: float) -> Maps:
    """IoU of each map from `threshold` of its own highest value on (B,), with the lesion."""
    marked = found >= threshold * found.max(axis=(1, 2), keepdims=True)
    both, either = ((marked & lesions), (marked | lesions))
    return np.asarray(both.sum(axis=(1, 2)) / either.sum(axis=(1, 2)).clip(min=1), dtype=np.float32)


def best_threshold(found: Maps, lesions: Flags) -> float:
    """The one threshold at which these maps overlap their lesions best on average; the lowest of equal ones.

    One for all photos, from validation: the best for each photo would flatter every method (Choe et al. 2020).
    """
    means = [float(overlap(found, lesions, value).mean()) for value in THRESHOLDS] if len(found) else [0.0]
    return float(THRESHOLDS[int(np.argmax(means))])


def stacked(seen: Mapping[str, Flags], names: list[str]) -> Flags:
    """The masks of these photos (photos, H, W)."""
    return np.stack([seen[name] for name in names]) if names else np.zeros((0, 1, 1), dtype=bool)

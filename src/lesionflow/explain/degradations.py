"""What cameras and storage do to photos: changes of the whole picture, which cover nothing.

Painters take a picture (H, W, 3) of 0-1 and a severity from 1 to 5, as those of `overlays`. Light is changed in linear
intensities (gamma 2.2), where exposure is a factor.
"""

import cv2
import numpy as np

from lesionflow.explain.overlays import Picture, Rng

GAMMA = 2.2


def colour_cast(rng: Rng, picture: Picture, severity: int) -> Picture:
    """Warm or cold light: red up and blue down by 5 to 25 %, or the other way round."""
    shift = 0.05 * severity * (1 if rng.random() < 0.5 else -1)
    return np.asarray(np.clip(picture * np.array([1 + shift, 1, 1 - shift], dtype=np.float32), 0, 1))


def low_light(rng: Rng, picture: Picture, severity: int) -> Picture:
    """Half a stop to two and a half stops less light, with the noise that comes with it."""
    dark = picture**GAMMA * 2 ** (-0.5 * severity)
    noise = rng.standard_normal(picture.shape, dtype=np.float32)
    return np.asarray(np.clip(dark ** (1 / GAMMA) + 0.008 * severity * noise, 0, 1), dtype=np.float32)


def over_exposure(_: Rng, picture: Picture, severity: int) -> Picture:
    """A third of a stop to five thirds more light, cut off at white."""
    return np.asarray(np.clip(picture**GAMMA * 2 ** (severity / 3), 0, 1) ** (1 / GAMMA), dtype=np.float32)


def blur(_: Rng, picture: Picture, severity: int) -> Picture:
    """Out of focus: a Gaussian of 0.4 to 2 % of the side."""
    sigma = 0.004 * severity * min(picture.shape[:2])
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), dtype=np.float32)


def jpeg(_: Rng, picture: Picture, severity: int) -> Picture:
    """Stored as JPEG of quality 50, 30, 20, 12 or 7."""
    quality = (50, 30, 20, 12, 7)[severity - 1]
    pixels = np.ascontiguousarray((picture[..., ::-1] * 255).round().astype(np.uint8))
    content = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    back = np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR))[..., ::-1]
    return np.asarray(back / 255, dtype=np.float32)


def crop(rng: Rng, picture: Picture, severity: int) -> Picture:
    """Framed otherwise: each side is cut to 92 to 60 %, somewhere."""
    height, width = (max(2, round(side * (1 - 0.08 * severity))) for side in picture.shape[:2])
    # The same corner of what is left for every severity.
    above, left = rng.random(2)
    top = round(above * (picture.shape[0] - height))
    start = round(left * (picture.shape[1] - width))
    return picture[top : top + height, start : start + width].copy()

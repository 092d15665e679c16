"""How colourful a picture is, and how much of it could be skin."""

import cv2
import numpy as np
import numpy.typing as npt

VISIBLE = 25
"""A pixel whose largest channel is below this (of 255) is too dark to have a colour, and is not asked."""
LEAST_RED = 0.9
"""Red over blue in skin, at least: photos with a cast to purple show skin with somewhat more blue than red."""
Pixels = npt.NDArray[np.uint8]


def colourfulness(pixels: Pixels) -> float:
    """Hasler and Suesstrunk 2003, "Measuring colourfulness in natural images", equation 3; 0 in grey pictures.

    Parameters
    ----------
    pixels : height x width x 3, RGB, 0-255.
    """
    red, green, blue = (channel.astype(np.float32) for channel in cv2.split(pixels))
    opponents = red - green, (red + green) / 2 - blue
    means, deviations = zip(*map(cv2.meanStdDev, opponents), strict=True)
    return float(np.hypot(*deviations).item() + 0.3 * np.hypot(*means).item())


def skin_share(pixels: Pixels) -> float:
    """Share of the visible pixels in which red exceeds green and is not far below blue, 0-1; 0 when none is visible.

    Melanin and blood absorb blue and green more than red, in light and dark skin alike, so the rule looks at the order
    of the channels and not at their level. It is lenient on purpose: rules on saturation or on a range in YCbCr drop
    ten times as many photos of real skin, first those with a grey or bluish cast. What else is brown, orange or pink
    passes.

    Parameters
    ----------
    pixels : height x width x 3, RGB, 0-255.
    """
    red, green, blue = cv2.split(pixels)
    visible = cv2.max(cv2.max(red, green), blue) >= VISIBLE
    skin = visible & (red > green) & (red > cv2.convertScaleAbs(blue, alpha=LEAST_RED))
    count = np.count_nonzero(visible)
    return np.count_nonzero(skin) / count if count else 0.0

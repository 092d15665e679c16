"""Caricatures of skin: a tone of the Fitzpatrick range, shading, and a fine grain."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Picture = npt.NDArray[np.float64]
"""Height x width x 3, 0-1."""

WIDTH, HEIGHT = 256, 192
# Mid tones of Fitzpatrick types 1 to 6, chosen by eye.
TONES = np.array(
    [
        [0.94, 0.80, 0.72],
        [0.90, 0.72, 0.60],
        [0.82, 0.63, 0.50],
        [0.70, 0.50, 0.37],
        [0.52, 0.35, 0.25],
        [0.35, 0.23, 0.17],
    ]
)


def smooth_noise(rng: np.random.Generator, sigma: float) -> npt.NDArray[np.float64]:
    """Height x width noise of zero mean, unit deviation and this grain size, pixels."""
    noise = ndimage.gaussian_filter(rng.standard_normal((HEIGHT, WIDTH)), sigma, mode="wrap")
    return np.asarray((noise - noise.mean()) / noise.std())


def skin(rng: np.random.Generator, skin_type: int) -> Picture:
    """A patch of bare skin of a Fitzpatrick type (1-6)."""
    tone = TONES[skin_type - 1] * rng.normal(1, 0.04, 3)
    shading = 1 + 0.08 * smooth_noise(rng, 40)
    grain = 1 + 0.04 * smooth_noise(rng, 1.0) + 0.03 * smooth_noise(rng, 3.0)
    flush = 0.02 * smooth_noise(rng, 18)[..., None] * np.array([1.0, -0.6, -0.4])
    return np.asarray(tone * (shading * grain)[..., None] + flush)

"""Caricatures of lesions. Each class is a recipe of overlapping distributions, so that no classifier can be perfect.

They are drawn to exercise a pipeline. They teach nothing about disease.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from lesionflow.sample.skin import HEIGHT, WIDTH, Picture, smooth_noise

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Recipe:
    """Means of a class's features; each lesion draws around them with `SPREAD`."""

    radius: float  # share of the picture's height
    irregular: float  # wobble of the outline, share of the radius
    soft: float  # width of the edge, pixels
    dark: float  # how much darker than skin, 0-1
    red: float  # redness, 0-1
    mottled: float  # depth of colour patches, 0-1
    rim: float  # brightness of a pearly rim, 0-1
    crust: float  # share of yellow-brown crust, 0-1
    scale: float  # share of white scale, 0-1


RECIPES = {
    "melanocytic_nevus": Recipe(0.20, 0.06, 3, 0.45, 0.10, 0.12, 0.0, 0.00, 0.00),
    "melanoma": Recipe(0.26, 0.20, 4, 0.58, 0.12, 0.38, 0.0, 0.03, 0.00),
    "basal_cell_carcinoma": Recipe(0.21, 0.10, 5, 0.12, 0.38, 0.18, 0.30, 0.12, 0.00),
    "squamous_cell_carcinoma": Recipe(0.24, 0.15, 6, 0.14, 0.42, 0.22, 0.08, 0.32, 0.10),
    "seborrheic_keratosis": Recipe(0.25, 0.10, 1, 0.38, 0.02, 0.26, 0.0, 0.22, 0.05),
    "psoriasis": Recipe(0.34, 0.18, 7, 0.08, 0.50, 0.12, 0.0, 0.02, 0.38),
    "dermatofibroma": Recipe(0.17, 0.05, 8, 0.28, 0.22, 0.08, 0.12, 0.00, 0.00),
    "vascular_lesion": Recipe(0.18, 0.08, 2, 0.22, 0.65, 0.15, 0.0, 0.00, 0.00),
}
SPREAD = 0.36
"""Deviation of a feature as a share of its mean, plus FLOOR of its range: how far classes overlap."""
FLOOR = 0.035
CRUST, SCALE, RED = np.array([0.62, 0.45, 0.22]), np.array([0.95, 0.93, 0.90]), np.array([0.72, 0.16, 0.20])


def draw_recipe(rng: np.random.Generator, label: str) -> Recipe:
    """One lesion's features, around those of its class."""
    values = {}
    for name, mean in vars(RECIPES[label]).items():
        floor = 0.5 if name == "soft" else FLOOR
        values[name] = max(0.0, float(rng.normal(mean, SPREAD * mean * (0.5 if name == "radius" else 1) + floor)))
    return Recipe(**values | {"radius": float(np.clip(values["radius"], 0.1, 0.42))})


def outline(rng: np.random.Generator, recipe: Recipe, centre: tuple[float, float]) -> npt.NDArray[np.float64]:
    """Signed distance to the lesion's edge, pixels, positive inside; height x width."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    stretch = rng.uniform(0.75, 1.0)
    turn = rng.uniform(0, np.pi)
    dx, dy = x - centre[0], y - centre[1]
    u, v = dx * np.cos(turn) + dy * np.sin(turn), (dy * np.cos(turn) - dx * np.sin(turn)) / stretch
    angle = np.arctan2(v, u)
    waves = sum(rng.normal(0, 1) / order * np.cos(order * angle + rng.uniform(0, 2 * np.pi)) for order in range(2, 8))
    return np.asarray(recipe.radius * HEIGHT * (1 + recipe.irregular * waves) - np.hypot(u, v))


def paint(rng: np.random.Generator, picture: Picture, recipe: Recipe, inside: npt.NDArray[np.float64]) -> Picture:
    """The picture with the lesion on it."""
    cover = 1 / (1 + np.exp(-inside / (recipe.soft + 0.5)))
    depth = recipe.dark * (1 + recipe.mottled * smooth_noise(rng, 9))
    lesion = picture * (1 - np.clip(depth, 0, 0.85))[..., None]
    lesion += recipe.red * 0.6 * (RED * picture.mean(axis=2, keepdims=True) * 1.3 - lesion)
    rim = np.exp(-(((inside - 4) / 5) ** 2)) * recipe.rim
    lesion += rim[..., None] * (SCALE - lesion) * 0.8
    lesion = _patches(rng, lesion, recipe.crust, CRUST, 6)
    lesion = _patches(rng, lesion, recipe.scale, SCALE, 3)
    return np.asarray(picture + cover[..., None] * (lesion - picture))


def _patches(
    rng: np.random.Generator, lesion: Picture, share: float, colour: npt.NDArray[np.float64], grain: float
) -> Picture:
    """Cover about `share` of the lesion with patches of a colour."""
    noise = smooth_noise(rng, grain)
    edge = np.quantile(noise, 1 - min(share, 0.9))
    cover = 0.75 * ndimage.gaussian_filter((noise > edge).astype(float), 1.0)
    return np.asarray(lesion + cover[..., None] * (colour * (0.4 + 0.6 * lesion.mean()) - lesion))

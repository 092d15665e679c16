"""Maps that know nothing of the network: what a heat map has to beat."""

import numpy as np
import numpy.typing as npt

from lesionflow import seeding
from lesionflow.explain.gradcam import Maps

CELLS = 7
"""Cells on a side of a random map: about the grain of a network's last grid."""


def random_maps(names: list[str], side: int, *, seed: int) -> Maps:
    """Maps (photos, side, side) of coarse random cells; each photo's depends on its name alone."""
    place = np.linspace(0, CELLS, side, endpoint=False).astype(int)
    coarse = [seeding.generator(seed, "random map", name).random((CELLS, CELLS), dtype=np.float32) for name in names]
    return np.stack([grid[place][:, place] for grid in coarse]) if names else np.zeros((0, side, side), np.float32)


def centred(areas: npt.NDArray[np.float64], side: int) -> Maps:
    """Gaussians (photos, side, side) in the middle, 1 at their top.

    Each is at half of its height where a disc of that share of the area (photos,) ends. On photos that were centred
    on their lesion such a blob already scores well.
    """
    along = (np.arange(side) + 0.5) / side - 0.5
    squared = along[:, None] ** 2 + along[None, :] ** 2
    # A disc of share a of the unit square has r^2 = a / pi; exp(-r^2 / (2 s^2)) = 1/2 gives 2 s^2 = r^2 / ln 2.
    width = np.maximum(areas, 1e-4) / np.pi / np.log(2)
    return np.asarray(np.exp(-squared[None] / width[:, None, None]), dtype=np.float32)

"""The fixed projection of SIFT descriptors, and the visual words that name them.

Made once by `python -m lesionflow.curate.codebook_training` from pictures of noise, so that it depends on no photo and
a photo's words never change when others arrive.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

PATH = Path(__file__).parent / "codebooks" / "sift.npz"
DIMENSIONS = 32
"""Of a projected descriptor."""
NAMING = 16
"""Leading dimensions that name a word; the even ones and the odd ones are quantised apart (a product quantiser)."""
CENTRES = 1024
"""Of each half: there are 1024 x 1024 words."""
CELLS, ORIENTATIONS = 4, 8
"""A SIFT descriptor holds 4 x 4 cells (rows, columns) of 8 orientations."""

Descriptors = npt.NDArray[np.int8]
"""Keypoints x DIMENSIONS."""
Words = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Codebook:
    """Mean and axes of the projection, what a mirrored patch does to each axis, and the centres of the words."""

    mean: npt.NDArray[np.float32]  # 128
    axes: npt.NDArray[np.float32]  # 128 x DIMENSIONS, of the descriptors' scale in int8
    signs: npt.NDArray[np.int8]  # DIMENSIONS
    centres: npt.NDArray[np.float32]  # 2 x CENTRES x NAMING / 2

    def project(self, rooted: npt.NDArray[np.float32]) -> Descriptors:
        """Rooted SIFT descriptors (keypoints x 128, see `rooted`) on the axes, rounded to whole numbers."""
        values = (rooted - self.mean) @ self.axes
        return np.clip(np.rint(values), -127, 127).astype(np.int8)

    def mirrored(self, descriptors: Descriptors) -> Descriptors:
        """The descriptors that the same patches would have in the mirrored picture."""
        return descriptors * self.signs

    def words(self, descriptors: Descriptors) -> Words:
        """The word of each descriptor, 0 to CENTRES ** 2 - 1."""
        values = descriptors[:, :NAMING].astype(np.float32)
        first, second = (_nearest(values[:, half::2], centres) for half, centres in enumerate(self.centres))
        return (first * CENTRES + second).astype(np.int32)


def _nearest(values: npt.NDArray[np.float32], centres: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    distances = (centres**2).sum(axis=1) - 2 * values @ centres.T
    return np.asarray(distances.argmin(axis=1))


def rooted(sift: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """RootSIFT: Arandjelovic and Zisserman 2012, "Three things everyone should know to improve object retrieval"."""
    return np.asarray(np.sqrt(sift / np.maximum(sift.sum(axis=1, keepdims=True), 1e-9)), dtype=np.float32)


def mirroring() -> npt.NDArray[np.intp]:
    """Where each of the 128 values of a mirrored patch's descriptor stands in the descriptor of the patch.

    A keypoint's own direction is its first axis, so that mirroring exchanges the cells across it and turns the
    orientations about it.
    """
    places = np.arange(CELLS * CELLS * ORIENTATIONS).reshape(CELLS, CELLS, ORIENTATIONS)
    return places[::-1][:, :, -np.arange(ORIENTATIONS)].ravel()


@lru_cache(maxsize=1)
def load() -> Codebook:
    """The codebook that comes with this package."""
    with np.load(PATH, allow_pickle=False) as stored:
        return Codebook(**{name: stored[name] for name in ("mean", "axes", "signs", "centres")})

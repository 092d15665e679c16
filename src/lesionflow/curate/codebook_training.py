"""Make the codebook: `python -m lesionflow.curate.codebook_training` writes codebooks/sift.npz.

The descriptors come from noise whose power falls with frequency as in photos, so that no one's picture is in them.
"""

from collections.abc import Iterator

import cv2
import faiss
import numpy as np
import numpy.typing as npt

from lesionflow import seeding
from lesionflow.curate import codebook, keypoints
from lesionflow.files import atomic

SEED = 20250904
PICTURES, HEIGHT, WIDTH = 600, 256, 340
STEEPNESS = (0.8, 1.8)
"""Range of the exponent with which amplitude falls with frequency; photos lie near 1."""
RANGE = 127 / 4
"""Of int8: four deviations of the widest axis fit into it."""


def main() -> None:
    """Train and write."""
    descriptors = np.concatenate([keypoints.detect(picture)[1] for picture in _noise()])
    mean, axes, signs = _projection(descriptors)
    made = codebook.Codebook(mean, axes, signs, np.empty((2, 0, codebook.NAMING // 2), dtype=np.float32))
    projected = made.project(descriptors)[:, : codebook.NAMING].astype(np.float32)
    centres = np.stack([_centres(np.ascontiguousarray(projected[:, half::2])) for half in range(2)])
    codebook.PATH.parent.mkdir(exist_ok=True)
    with atomic(codebook.PATH) as partial:
        np.savez(partial, mean=mean, axes=axes, signs=signs, centres=centres)


def _noise() -> Iterator[npt.NDArray[np.uint8]]:
    frequency = np.hypot(np.fft.fftfreq(HEIGHT)[:, None], np.fft.rfftfreq(WIDTH)[None])
    frequency[0, 0] = 1
    for number in range(PICTURES):
        rng = seeding.generator(SEED, "noise", number)
        spectrum = np.fft.rfft2(rng.standard_normal((HEIGHT, WIDTH))) / frequency ** rng.uniform(*STEEPNESS)
        picture = np.fft.irfft2(spectrum, (HEIGHT, WIDTH))
        yield np.asarray(cv2.normalize(picture, np.empty(0), 0, 255, cv2.NORM_MINMAX), dtype=np.uint8)


def _projection(
    descriptors: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.int8]]:
    """Principal axes, each of which a mirrored patch leaves alone or turns around (+1 or -1)."""
    swapped = descriptors[:, codebook.mirroring()]
    mean = (descriptors.mean(axis=0) + swapped.mean(axis=0)) / 2
    even, odd = (descriptors + swapped) / 2 - mean, (descriptors - swapped) / 2
    parts = [np.linalg.eigh(part.T @ part / len(part)) for part in (even, odd)]
    variance = np.concatenate([values for values, _ in parts])
    vectors = np.concatenate([vectors for _, vectors in parts], axis=1)
    signs = np.repeat([1, -1], len(variance) // 2)
    widest = np.argsort(-variance, kind="stable")[: codebook.DIMENSIONS]
    scale = RANGE / np.sqrt(variance[widest[0]])
    return mean, (vectors[:, widest] * scale).astype(np.float32), signs[widest].astype(np.int8)


def _centres(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    clusters = faiss.Kmeans(values.shape[1], codebook.CENTRES, niter=15, seed=SEED)
    clusters.train(values)
    return np.asarray(clusters.centroids, dtype=np.float32)


if __name__ == "__main__":
    main()

"""How far each photo lies from the other photos of its class, in multiples of what is usual there."""

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int64]
ROWS = 1024
"""Photos whose distances are held in memory at once, each to every photo of the class."""
NOTHING = 1e-6
"""Cosine distances below it are rounding: such photos show the same."""


def relative_distances(matrix: Reals, class_ids: Wholes, groups: Wholes, *, neighbours: int) -> Reals:
    """Distance to the class (photos,), in multiples of the class's median; 1 is usual, NaN not available.

    The distance is the mean cosine distance to the nearest `neighbours` photos of the class in other leakage groups
    (all of them, where there are fewer). Photos of the same lesion do not count, since they would vouch for each
    other. Not available: a class with photos of one group alone, and a class most of whose photos show the same. The
    cost grows with the square of the photos of a class.

    The mean distance to the k nearest is the outlier measure of Angiulli and Pizzuti 2002, and of
    cleanlab.outlier.OutOfDistribution, which knows no classes or groups.

    Parameters
    ----------
    matrix : features (photos, width), finite.
    class_ids, groups : whole numbers (photos,).
    """
    found = np.full(len(matrix), np.nan)
    directions = _directions(matrix)
    for class_id in np.unique(class_ids):
        rows = np.flatnonzero(class_ids == class_id)
        distances = _nearest(directions[rows], groups[rows], neighbours)
        usual = np.nanmedian(distances) if np.isfinite(distances).any() else 0.0
        if usual > NOTHING:
            found[rows] = distances / usual
    return found


def _directions(matrix: Reals) -> Reals:
    """Rows of length 1; features that are all 0 have no direction and stay so, at distance 1 from all."""
    # Not centred: on milk10k, features less their mean found about half as many planted pages and charts.
    length = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(np.divide(matrix, length, out=np.zeros_like(matrix), where=length > 0))


def _nearest(directions: Reals, groups: Wholes, neighbours: int) -> Reals:
    """Mean distance of each photo to its nearest ones of other groups; NaN where there is none."""
    parts = [
        _mean_of_smallest(
            np.where(groups[rows, None] == groups[None, :], np.inf, 1 - directions[rows] @ directions.T), neighbours
        )
        for rows in (slice(start, start + ROWS) for start in range(0, len(groups), ROWS))
    ]
    return np.concatenate(parts)


def _mean_of_smallest(distances: Reals, most: int) -> Reals:
    """Mean of the smallest finite entries of each row, `most` at most; NaN in a row without any."""
    nearest = np.sort(distances, axis=1)[:, :most]
    finite = np.isfinite(nearest)
    total = np.where(finite, np.maximum(nearest, 0), 0).sum(axis=1)
    count = finite.sum(axis=1)
    return np.asarray(np.divide(total, count, out=np.full(len(distances), np.nan), where=count > 0))

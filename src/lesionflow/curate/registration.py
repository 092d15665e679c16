"""Two photos laid over each other: a similarity from matching keypoints, and how far the frames then overlap."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lesionflow.curate.codebook import DIMENSIONS, Descriptors

RATIO = 0.85
"""A match must be nearer than this share of the second nearest: Lowe 2004, section 7.1."""
TOLERANCE = 2.5
"""Pixels by which an inlier may miss."""
FEWEST = 6
"""Inliers under which a registration is an accident."""
ITERATIONS = 1000
SCALES = (0.2, 5.0)
"""Photos of the same skin differ by less in scale; beyond lie accidents."""

Matrix = npt.NDArray[np.float64]
"""2 x 3: from places of the first photo to places of the second."""


@dataclass(frozen=True)
class Local:
    """One row of table local_features in memory."""

    width: int
    height: int
    places: npt.NDArray[np.float32]  # keypoints x 2
    descriptors: Descriptors
    view: npt.NDArray[np.uint8]  # rows x columns

    @classmethod
    def of(cls, width: int, height: int, places: bytes, descriptors: bytes, view: bytes, view_width: int) -> "Local":
        """From the columns of table local_features."""
        return cls(
            width,
            height,
            np.frombuffer(places, dtype=np.float32).reshape(-1, 2),
            np.frombuffer(descriptors, dtype=np.int8).reshape(-1, DIMENSIONS),
            np.frombuffer(view, dtype=np.uint8).reshape(-1, view_width),
        )

    def mirrored(self, signs: npt.NDArray[np.int8]) -> "Local":
        """The same photo left to right; `signs` as in the codebook."""
        places = np.stack([self.width - self.places[:, 0], self.places[:, 1]], axis=1)
        return Local(self.width, self.height, places, self.descriptors * signs, self.view[:, ::-1])


@dataclass(frozen=True)
class Registration:
    """How the first photo lies on the second, and how many places say so."""

    matrix: Matrix
    inliers: int


def register(first: Local, second: Local) -> Registration | None:
    """The similarity that most matches agree on; None where fewer than `FEWEST` do."""
    left, right = _matches(first.descriptors, second.descriptors)
    if len(left) < FEWEST:
        return None
    source, target = first.places[left], second.places[right]
    matrix, inside = cv2.estimateAffinePartial2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=TOLERANCE, maxIters=ITERATIONS
    )
    if matrix is None or not SCALES[0] <= np.hypot(matrix[0, 0], matrix[1, 0]) <= SCALES[1]:
        return None
    chosen = inside.ravel().astype(bool)
    inliers = min(_places(source[chosen]), _places(target[chosen]))
    return Registration(np.asarray(matrix, dtype=np.float64), inliers) if inliers >= FEWEST else None


def _places(points: npt.NDArray[np.float32]) -> int:
    """A place with several keypoints (directions, sizes) counts once."""
    return len({(round(x), round(y)) for x, y in points.tolist()})


def _matches(first: Descriptors, second: Descriptors) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Keypoints of either side that are each other's nearest and clearly so."""
    if min(len(first), len(second)) < FEWEST:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    left, right = first.astype(np.float32), second.astype(np.float32)
    distance = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2 * left @ right.T
    nearest, rows = distance.argmin(axis=1), np.arange(len(first))
    mutual = distance.argmin(axis=0)[nearest] == rows
    least = distance[rows, nearest]
    distance[rows, nearest] = np.inf
    good = mutual & (least < RATIO**2 * distance.min(axis=1))
    return rows[good], nearest[good]


def squeezed(first: Local, second: Local, turn: int) -> Matrix:
    """The affine map of the whole first frame onto the second, rotated by `turn` quarter turns, counter-clockwise."""
    targets = np.roll(_corners(second), turn, axis=0)
    matrix = cv2.getAffineTransform(_corners(first)[:3].astype(np.float32), targets[:3].astype(np.float32))
    return np.asarray(matrix, dtype=np.float64)


def overlaps(matrix: Matrix, first: Local, second: Local) -> tuple[float, float]:
    """Share of the first frame that lies within the second, and of the second that lies within the first, 0-1."""
    laid = _corners(first) @ matrix[:, :2].T + matrix[:, 2]
    common = _area(_within(laid, second))
    return min(1.0, common / max(_area(laid), 1e-9)), min(1.0, common / (second.width * second.height))


def _within(polygon: Matrix, frame: Local) -> Matrix:
    """The part of a convex polygon in a frame: Sutherland and Hodgman 1974, "Reentrant polygon clipping".

    OpenCV's intersectConvexConvex is wrong for some frames turned by a quarter, the most usual of all.
    """
    for axis, bound, side in ((0, 0, 1), (0, frame.width, -1), (1, 0, 1), (1, frame.height, -1)):
        depth = side * (polygon[:, axis] - bound)
        corners = []
        for start, end, here, there in zip(
            polygon, np.roll(polygon, -1, axis=0), depth, np.roll(depth, -1), strict=True
        ):
            corners += [start] if here >= 0 else []
            corners += [start + (end - start) * here / (here - there)] if here * there < 0 else []
        polygon = np.array(corners, dtype=np.float64).reshape(-1, 2)
    return polygon


def _area(polygon: Matrix) -> float:
    x, y = polygon.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def containments(matrix: Matrix, first: Local, second: Local) -> tuple[float, float]:
    """The overlaps as shares of what they would be with the centres of the frames upon each other, 0-1.

    A frame that was cropped or turned lies within the other as far as its shape allows: 1. Of two photos centred on
    different lesions, neither does.
    """
    centred = matrix.copy()
    centred[:, 2] = _corners(second).mean(axis=0) - matrix[:, :2] @ _corners(first).mean(axis=0)
    pairs = zip(overlaps(matrix, first, second), overlaps(centred, first, second), strict=True)
    shares = [min(1.0, here / max(most, 1e-9)) for here, most in pairs]
    return shares[0], shares[1]


def _corners(photo: Local) -> Matrix:
    width, height = photo.width, photo.height
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=float)

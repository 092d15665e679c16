"""Near-duplicates in two steps: hashes propose pairs, pixels confirm them.

Hashes alone are not enough: centred lesions look alike to them. So a pair counts only when the aligned thumbnails
agree in their fine structure too.
"""

from collections.abc import Callable, Iterator

import faiss
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import ndimage

from lesionflow.curate.fingerprint import THUMBNAIL
from lesionflow.curate.hashes import DIGITS, TURNS
from lesionflow.curate.settings import DuplicatesParams

Thumbnails = npt.NDArray[np.float64]
SIGNALS = {
    "phash": ("phash", "phash"),
    "phash_mirrored": ("phash_mirrored", "phash"),
    "phash_trimmed": ("phash_trimmed", "phash"),
    "phash_both_trimmed": ("phash_trimmed", "phash_trimmed"),
}
"""A signal compares one hash of a photo with one hash of the others."""
CROPS = (0.0, 0.05, 0.10, 0.16)
"""Shares of the side that the other photo may have lost, or gained as a border."""
FINE = 4.0
"""Deviation, in thumbnail pixels, of the blur that is taken off: what is left tells two lesions apart."""
BATCH = 20_000


def candidates(fingerprints: pd.DataFrame, settings: DuplicatesParams) -> pd.DataFrame:
    """Pairs of rows (a < b, positions) that some signal proposes; of several, the first of SIGNALS is named."""
    found: dict[tuple[int, int], str] = {}
    start = DIGITS * TURNS.index("mirrored")
    hashed = fingerprints.assign(phash_mirrored=fingerprints["phash_turned"].str.slice(start, start + DIGITS))
    for name, (left, right) in SIGNALS.items():
        for pair in _within(_bits(hashed[left]), _bits(hashed[right]), settings.hash_distance):
            found.setdefault(pair, name)
    rows = [(first, second, name) for (first, second), name in sorted(found.items())]
    return pd.DataFrame(rows, columns=["a", "b", "candidate_by"])


def _bits(hashes: pd.Series) -> npt.NDArray[np.uint8]:
    """64-bit hashes in hex as rows of 8 bytes."""
    joined = bytes.fromhex("".join(hashes))
    return np.frombuffer(joined, dtype=np.uint8).reshape(-1, 8)


def _within(left: npt.NDArray[np.uint8], right: npt.NDArray[np.uint8], distance: int) -> Iterator[tuple[int, int]]:
    """Pairs of different rows whose hashes differ in at most `distance` bits."""
    index = faiss.IndexBinaryFlat(64)
    index.add(right)
    limits, _, neighbours = index.range_search(left, distance + 1)  # the radius itself is left out
    rows = np.repeat(np.arange(len(left)), limits[1:].astype(np.int64) - limits[:-1].astype(np.int64))
    for row, neighbour in zip(rows.tolist(), neighbours.tolist(), strict=True):
        if row != neighbour:
            yield min(row, neighbour), max(row, neighbour)


def confirmed(fingerprints: pd.DataFrame, settings: DuplicatesParams) -> pd.DataFrame:
    """Table duplicate_pairs: the candidates whose pixels agree to at least `min_agreement`."""
    pairs = candidates(fingerprints, settings)
    thumbnails = _thumbnails(fingerprints["thumbnail"])
    parts = [
        agreement(thumbnails[part["a"]], thumbnails[part["b"]])
        for part in (pairs[start : start + BATCH] for start in range(0, len(pairs), BATCH))
    ]
    score = np.concatenate([part[0] for part in parts]) if parts else np.empty(0)
    names = np.concatenate([part[1] for part in parts]) if parts else np.empty(0, dtype=object)
    sha256 = fingerprints["sha256"].to_numpy()
    first, second = sha256[pairs["a"].to_numpy(dtype=int)], sha256[pairs["b"].to_numpy(dtype=int)]
    table = pd.DataFrame(
        {
            "sha256_a": np.minimum(first, second),
            "sha256_b": np.maximum(first, second),
            "candidate_by": pairs["candidate_by"],
            "transform": names,
            "score": score,
        }
    )
    return table[table["score"] >= settings.min_agreement].reset_index(drop=True)


def _thumbnails(column: pd.Series) -> Thumbnails:
    joined = np.frombuffer(b"".join(column), dtype=np.uint8)
    return joined.reshape(-1, THUMBNAIL, THUMBNAIL).astype(float)


def agreement(first: Thumbnails, second: Thumbnails) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.object_]]:
    """Best agreement of each pair over mirroring and crops, -1 to 1, and the transform that gives it.

    Agreement is the smaller of two correlations: of grey levels, and of grey levels with the blur taken off.
    """
    best = np.full(len(first), -1.0)
    names = np.full(len(first), "same", dtype=object)
    for name, change_first, change_second in _transforms():
        left, right = change_first(first), change_second(second)
        score = np.minimum(_correlation(left, right), _correlation(_fine(left), _fine(right)))
        better = score > best
        best[better], names[better] = score[better], name
    return best, names


def _transforms() -> Iterator[tuple[str, Callable[[Thumbnails], Thumbnails], Callable[[Thumbnails], Thumbnails]]]:
    for flip in ("same", "mirrored"):
        flipped = _mirror if flip == "mirrored" else _same
        for share in CROPS:
            name = flip if share == 0 else f"{flip}, crop {share:g}"
            yield name, _cropper(share), flipped
            if share:
                yield name, flipped, _cropper(share)


def _same(pictures: Thumbnails) -> Thumbnails:
    return pictures


def _mirror(pictures: Thumbnails) -> Thumbnails:
    return pictures[:, :, ::-1]


def _cropper(share: float) -> Callable[[Thumbnails], Thumbnails]:
    """Takes the middle of the thumbnails, without `share` of each side in all, back to the full grid."""
    if share == 0:
        return _same
    grid = np.linspace(share / 2, 1 - share / 2, THUMBNAIL * 2 + 1)[1::2] * THUMBNAIL - 0.5
    rows, columns = np.meshgrid(grid, grid, indexing="ij")

    def crop(pictures: Thumbnails) -> Thumbnails:
        return np.stack([ndimage.map_coordinates(p, [rows, columns], order=1, mode="nearest") for p in pictures])

    return crop


def _fine(pictures: Thumbnails) -> Thumbnails:
    return np.asarray(pictures - ndimage.gaussian_filter(pictures, (0, FINE, FINE)))


def _correlation(first: Thumbnails, second: Thumbnails) -> npt.NDArray[np.float64]:
    """Pearson correlation of each pair; 0 where one is flat, for a flat picture resembles nothing."""
    left = first - first.mean(axis=(1, 2), keepdims=True)
    right = second - second.mean(axis=(1, 2), keepdims=True)
    product = (left * right).sum(axis=(1, 2))
    norm = np.sqrt((left**2).sum(axis=(1, 2)) * (right**2).sum(axis=(1, 2)))
    return np.asarray(np.divide(product, norm, out=np.zeros_like(product), where=norm > 1e-6))

"""Photos that share visual words, found by sorting: for so many photos that sums beside each one leave the caches.

A sparse product keeps a sum for each photo that a query might be near to; with a million of them nearly every addition
waits for the main memory (measured: 60 to 115 ns). Here the photos that hold a query's words are written down one
after the other and sorted (11 ns in the same trial), so that those that hold several of its words stand together.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from scipy import sparse

from lesionflow import parallel

SHARED = 3
"""Words that two photos must share. Among a million, each shares two with some 200 others by mere chance."""
TOGETHER = 64
"""Queries whose photos are sorted at once: half a million numbers, which a processor's cache still holds."""
TARGET = 26
"""Bits of a number below its query, for its photo."""
Rows = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]


def nearest(
    queries: sparse.csr_matrix, targets: sparse.csr_matrix, norms: Scores, start: int, most: int
) -> tuple[Rows, Scores]:
    """For each query the `most` targets after it that share most words with it, SHARED or more.

    Parameters
    ----------
    queries : photos x words; its first row is photo `start` of the targets. Values play no part.
    targets : words x photos, at most 2^26 of them, with sorted indices.
    norms : what the number of shared words is divided by, for each target.

    Returns
    -------
    (queries, most) : targets, best first, of equal scores the smaller row, -1 where there are no more; their scores,
        and -inf.
    """
    firsts = range(0, queries.shape[0], TOGETHER)
    blocks = [queries[first : first + TOGETHER] for first in firsts]
    photos = targets.indices.astype(np.int32, copy=False).view(np.uint32)

    def of(block: sparse.csr_matrix, first: int) -> tuple[Rows, Scores]:
        words = block.indices
        end = targets.indptr[words + 1].astype(np.int64)
        begin = _from(photos, targets.indptr[words].astype(np.int64), end, first)
        numbers = _numbers(block, photos, begin, end)
        return _best(*_counted(numbers), norms, first, (block.shape[0], most))

    with ThreadPoolExecutor(parallel.workers()) as pool:
        parts = list(pool.map(of, blocks, (start + first for first in firsts)))
    found = [np.empty((0, most), dtype=np.int64), *(part for part, _ in parts)]
    scores = [np.empty((0, most), dtype=np.float32), *(part for _, part in parts)]
    return np.concatenate(found), np.concatenate(scores)


def _from(photos: npt.NDArray[np.uint32], begin: Rows, end: Rows, first: int) -> Rows:
    """For each ascending stretch photos[begin:end] the place of its first photo that is not before `first`."""
    while (open_ := begin < end).any():
        middle = (begin + end) // 2
        before = open_ & (photos[np.where(open_, middle, 0)] < first)
        begin, end = np.where(before, middle + 1, begin), np.where(open_ & ~before, middle, end)
    return begin


def _numbers(
    block: sparse.csr_matrix, photos: npt.NDArray[np.uint32], begin: Rows, end: Rows
) -> npt.NDArray[np.uint32]:
    """One number for each word of a query and each photo that holds it: query, then photo; ascending."""
    stretches = [photos[a:b] for a, b in zip(begin.tolist(), end.tolist(), strict=True)]
    query = np.arange(block.shape[0], dtype=np.uint32) << np.uint32(TARGET)
    numbers: npt.NDArray[np.uint32] = np.concatenate([photos[:0], *stretches])
    numbers |= np.repeat(np.repeat(query, np.diff(block.indptr)), end - begin)
    numbers.sort()
    return numbers


def _counted(numbers: npt.NDArray[np.uint32]) -> tuple[Rows, Rows, Rows]:
    """Query, target and number of shared words, of all that share enough."""
    lasts = np.flatnonzero(numbers[SHARED - 1 :] == numbers[: max(len(numbers) - SHARED + 1, 0)])
    of_several, more = np.unique(numbers[lasts], return_counts=True)
    pairs = of_several.astype(np.int64)
    return pairs >> TARGET, pairs & (2**TARGET - 1), more + SHARED - 1


def _best(
    query: Rows, target: Rows, shared: Rows, norms: Scores, start: int, shape: tuple[int, int]
) -> tuple[Rows, Scores]:
    """The best targets of each query after itself, filled up to `shape`."""
    score = (shared / norms[target]).astype(np.float32)
    order = np.lexsort((target, -score, query))
    order = order[target[order] > query[order] + start]
    query, target, score = query[order], target[order], score[order]
    rank = np.arange(len(query)) - np.searchsorted(query, query)
    kept = rank < shape[1]
    found, scores = np.full(shape, -1, dtype=np.int64), np.full(shape, -np.inf, dtype=np.float32)
    found[query[kept], rank[kept]], scores[query[kept], rank[kept]] = target[kept], score[kept]
    return found, scores

"""Photos that share visual words, found by sorting: for so many photos that sums beside each one leave the caches.

A sparse product keeps a sum for each photo that a query might be near to; with a million of them nearly every addition
waits for the main memory (measured: 60 to 115 ns). Here the photos that hold a query's words are written down one
after the other and sorted (17 ns in the same trial), so that those that hold several of its words stand together.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from scipy import sparse

from lesionflow import parallel

TOGETHER = 64
"""Queries whose photos are sorted at once: half a million numbers, which a processor's cache still holds."""
ROW, TARGET, STEPS = 56, 16, 2048
"""Bits above which a number holds its query and its target; below them stands a word's weight, in so many steps."""
Rows = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]


def nearest(
    queries: sparse.csr_matrix, targets: sparse.csr_matrix, norms: Scores, start: int, most: int
) -> tuple[Rows, Scores]:
    """For each query the `most` targets of the highest score that share two words with it or more, other than itself.

    Parameters
    ----------
    queries : photos x words, with the weight of each word (0 to 32); its first row is photo `start` of the targets.
    targets : words x photos; its values play no part.
    norms : what each target's sum of weights is divided by.

    Returns
    -------
    (queries, most) : targets, best first, of equal scores the smaller row, -1 where there are no more; their scores,
        and -inf.
    """
    blocks = [queries[first : first + TOGETHER] for first in range(0, queries.shape[0], TOGETHER)]
    starts = range(start, start + queries.shape[0], TOGETHER)

    def of(block: sparse.csr_matrix, first: int) -> tuple[Rows, Scores]:
        return _best(_sums(block, targets), norms, first, (block.shape[0], most))

    with ThreadPoolExecutor(parallel.workers()) as pool:
        parts = list(pool.map(of, blocks, starts))
    empty = np.empty((0, most))
    found = np.concatenate([empty.astype(np.int64), *(part for part, _ in parts)])
    return found, np.concatenate([empty.astype(np.float32), *(part for _, part in parts)])


def _sums(block: sparse.csr_matrix, targets: sparse.csr_matrix) -> tuple[Rows, Rows, Scores]:
    """Query, target and sum of weights of all that share two words or more."""
    numbers = _numbers(block, targets)
    numbers.sort()
    both = numbers >> TARGET
    same = np.concatenate([[False], both[1:] == both[:-1], [False]])
    members = np.flatnonzero(same[1:] | same[:-1])
    both, weights = both[members], numbers[members] & (2**TARGET - 1)
    if not len(members):
        return both, both, weights.astype(np.float32)
    firsts = np.flatnonzero(np.concatenate([[True], both[1:] != both[:-1]]))
    sums = (np.add.reduceat(weights, firsts) / STEPS).astype(np.float32)
    return both[firsts] >> (ROW - TARGET), both[firsts] & (2 ** (ROW - TARGET) - 1), sums


def _numbers(block: sparse.csr_matrix, targets: sparse.csr_matrix) -> Rows:
    """One number for each word of a query and each photo that holds it: query, photo and weight, in this order."""
    begin = targets.indptr[block.indices].astype(np.int64)
    lengths = targets.indptr[block.indices + 1] - begin
    ends = lengths.cumsum()
    places = np.repeat(begin - ends + lengths, lengths) + np.arange(ends[-1] if len(ends) else 0)
    query = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
    weight = np.rint(block.data.astype(np.float64) * STEPS).astype(np.int64)
    numbers: Rows = np.repeat(query << ROW | weight, lengths) | targets.indices[places].astype(np.int64) << TARGET
    return numbers


def _best(
    sums: tuple[Rows, Rows, Scores], norms: Scores, start: int, shape: tuple[int, int]
) -> tuple[Rows, Scores]:
    """The best targets of each query, filled up to `shape`."""
    query, target, weight = sums
    score = weight / norms[target]
    order = np.lexsort((target, -score, query))
    order = order[target[order] != query[order] + start]
    query, target, score = query[order], target[order], score[order]
    rank = _rank(query)
    kept = rank < shape[1]
    found, scores = np.full(shape, -1, dtype=np.int64), np.full(shape, -np.inf, dtype=np.float32)
    found[query[kept], rank[kept]], scores[query[kept], rank[kept]] = target[kept], score[kept]
    return found, scores


def _rank(query: Rows) -> Rows:
    """The place of each among those of one query; the queries ascend."""
    return np.arange(len(query)) - np.searchsorted(query, query)

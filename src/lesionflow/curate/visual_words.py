"""Pairs of photos that share visual words: tf-idf (Sivic and Zisserman 2003, "Video Google") as a sparse product."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sparse_dot_topn import sp_matmul_topn

from lesionflow import parallel
from lesionflow.curate import shared_words
from lesionflow.curate.codebook import CENTRES
from lesionflow.curate.settings import CandidatesParams

OPERATIONS = 16e9
"""Products of words that the search may cost, minutes of a processor. Beyond it, the most common words are left out."""
WIDE = 150_000
"""Photos up to which any shared word counts, by its rarity. Beyond it, pairs are found as in `shared_words`."""
QUERIES = 50_000
"""Photos looked up at a time."""
Rows = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Ragged:
    """Lists of words one after the other: those of photo i are flat[starts[i]:starts[i + 1]]."""

    flat: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, lists: Sequence[npt.NDArray[np.int32]]) -> "Ragged":
        """From a list of words for each photo."""
        lengths = np.fromiter(map(len, lists), dtype=np.int64, count=len(lists))
        values = np.concatenate([np.empty(0, dtype=np.int32), *lists]).astype(np.int32)
        return cls(values, np.concatenate([[0], lengths.cumsum()]))


def pairs(words: Ragged, mirrored: Ragged, settings: CandidatesParams) -> pd.DataFrame:
    """For each photo `a` the photos `b` that share most words with it, the rare ones weighing more; `mirrored` or not.

    Parameters
    ----------
    words, mirrored : the words of each photo, as it stands and mirrored.
    """
    photos = len(words.starts) - 1
    counts = np.bincount(words.flat, minlength=CENTRES**2)
    used = counts <= _most_common(counts)
    # One more than there are photos: words that all of two photos share must still weigh something.
    weight = np.log((photos + 1) / np.maximum(counts, 1)).astype(np.float32)
    targets = _matrix(words, used)
    norms = np.sqrt(np.diff(targets.indptr)).astype(np.float32)
    targets.data /= np.repeat(norms, np.diff(targets.indptr))
    by_word, sides = targets.T.tocsr(), [_matrix(source, used) for source in (words, mirrored)]
    for queries in sides:
        queries.data = weight[queries.indices]

    def search(queries: sparse.csr_matrix, start: int) -> tuple[Rows, Scores]:
        if photos <= WIDE:
            return _nearest(queries, by_word, start, settings)
        return shared_words.nearest(queries, by_word, norms, start, settings.neighbours)

    starts = parallel.progress(range(0, max(photos, 1), QUERIES), desc="words", unit="block")
    parts = [
        _pairs([search(side[start : start + QUERIES], start) for side in sides], start, settings) for start in starts
    ]
    return pd.concat(parts, ignore_index=True)


def _most_common(counts: npt.NDArray[np.int64]) -> int:
    """The largest count of a word that the search can still afford."""
    sizes = np.sort(counts)
    products = np.cumsum(sizes.astype(float) ** 2)
    afforded = int((products <= OPERATIONS).sum())
    return int(sizes[-1]) if afforded == len(sizes) else int(sizes[afforded]) - 1


def _matrix(words: Ragged, used: npt.NDArray[np.bool_]) -> sparse.csr_matrix:
    """Photos x words, of the words in use."""
    kept = np.flatnonzero(used[words.flat])
    starts, values = np.searchsorted(kept, words.starts), words.flat[kept]
    return sparse.csr_matrix((np.ones(len(values), dtype=np.float32), values, starts), (len(starts) - 1, CENTRES**2))


def _pairs(sides: Sequence[tuple[Rows, Scores]], start: int, settings: CandidatesParams) -> pd.DataFrame:
    """Of photo `start` and those after it the best of what was found as they stand and mirrored (`sides`)."""
    found, score = (np.hstack(part) for part in zip(*sides, strict=True))
    mirrored = np.broadcast_to(np.repeat([False, True], settings.neighbours), found.shape)
    best = np.lexsort((mirrored, found, -score), axis=1)[:, : settings.neighbours]
    found, score, mirrored = (np.take_along_axis(part, best, axis=1) for part in (found, score, mirrored))
    kept = np.isfinite(score) & (score >= settings.min_word_score)
    a = np.repeat(np.arange(len(found)) + start, kept.sum(axis=1))
    return pd.DataFrame({"a": a, "b": found[kept], "mirrored": mirrored[kept]})


def _nearest(
    queries: sparse.csr_matrix, targets: sparse.csr_matrix, start: int, settings: CandidatesParams
) -> tuple[Rows, Scores]:
    """For each query its targets of the highest score, other than itself; of equal scores the smaller rows stand."""
    most = settings.neighbours
    # Two more: a photo finds itself, and of the others the next one tells whether the last one is tied with it.
    product = sp_matmul_topn(queries, targets, top_n=most + 2, n_threads=parallel.workers())
    found, score = _ordered(*_padded(product, most + 2), start)
    tied = np.flatnonzero(np.isfinite(score[:, most]) & (score[:, most] == score[:, most - 1]))
    for row in tied:
        whole = (queries[row] @ targets).tocsr()
        alone = _ordered(whole.indices.astype(np.int64)[None], whole.data[None], start + int(row))
        found[row, :most], score[row, :most] = (part[0, :most] for part in alone)
    return found[:, :most], score[:, :most]


def _padded(product: sparse.csr_matrix, width: int) -> tuple[Rows, Scores]:
    """Columns and values of each row, filled up to `width` with what no score is below."""
    lengths = np.diff(product.indptr)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    places = np.arange(len(rows)) - np.repeat(product.indptr[:-1], lengths)
    found = np.full((len(lengths), width), -1, dtype=np.int64)
    score = np.full((len(lengths), width), -np.inf, dtype=np.float32)
    found[rows, places], score[rows, places] = product.indices, product.data
    return found, score


def _ordered(found: Rows, score: Scores, start: int) -> tuple[Rows, Scores]:
    """Each row with the best first, of equal ones the smaller column; the photo itself comes last."""
    score = np.where(found == np.arange(len(found))[:, None] + start, -np.inf, score)
    order = np.lexsort((found, -score), axis=1)
    return np.take_along_axis(found, order, axis=1), np.take_along_axis(score, order, axis=1)

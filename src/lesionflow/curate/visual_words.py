"""Pairs of photos that share visual words: tf-idf (Sivic and Zisserman 2003, "Video Google") as a sparse product."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from lesionflow import parallel
from lesionflow.curate.codebook import CENTRES
from lesionflow.curate.settings import CandidatesParams

OPERATIONS = 2e10
"""Products of words that the search may cost, minutes of a processor. Beyond it, the most common words are left out."""
BLOCK = 2e7
"""Products of words at a time, about 250 MB."""
Rows = npt.NDArray[np.int64]


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
    targets.data /= np.sqrt(np.repeat(np.diff(targets.indptr), np.diff(targets.indptr)))
    parts = []
    for flag, source in ((False, words), (True, mirrored)):
        queries = _matrix(source, used)
        queries.data = weight[queries.indices]
        parts += _best(queries, targets.T.tocsr(), counts, settings, mirrored=flag)
    found = pd.concat(parts, ignore_index=True).sort_values(["a", "score", "b"], ascending=[True, False, True])
    near = found.groupby("a").head(settings.neighbours)
    return near[["a", "b", "mirrored"]]


def _most_common(counts: npt.NDArray[np.int64]) -> int:
    """The largest count of a word that the search can still afford."""
    sizes = np.sort(counts)
    products = np.cumsum(sizes.astype(float) ** 2)
    afforded = int((products <= OPERATIONS).sum())
    return int(sizes[-1]) if afforded == len(sizes) else int(sizes[afforded]) - 1


def _matrix(words: Ragged, used: npt.NDArray[np.bool_]) -> sparse.csr_matrix:
    """Photos x words, of the words in use."""
    kept = used[words.flat]
    starts = np.concatenate([[0], kept.cumsum()])[words.starts]
    values = words.flat[kept]
    return sparse.csr_matrix((np.ones(len(values), dtype=np.float32), values, starts), (len(starts) - 1, CENTRES**2))


def _best(
    queries: sparse.csr_matrix,
    targets: sparse.csr_matrix,
    counts: npt.NDArray[np.int64],
    settings: CandidatesParams,
    *,
    mirrored: bool,
) -> list[pd.DataFrame]:
    """For each query the targets of the highest score, other than itself."""
    cost = np.concatenate([[0], counts[queries.indices].cumsum()])[queries.indptr[1:]]
    cuts = np.flatnonzero(np.diff(cost // BLOCK)) + 1
    limits = pairwise([0, *cuts.tolist(), queries.shape[0]])
    tasks = [(queries[start:end], targets, start, settings) for start, end in limits]
    found = parallel.map_ordered(_best_of_block, tasks, desc="words", unit="block")
    return [part.assign(mirrored=mirrored) for part in found]


def _best_of_block(task: tuple[sparse.csr_matrix, sparse.csr_matrix, int, CandidatesParams]) -> pd.DataFrame:
    queries, targets, start, settings = task
    scores = (queries @ targets).tocsr()
    parts = [_best_of_row(scores, row, row + start, settings) for row in range(queries.shape[0])]
    a = np.repeat(np.arange(len(parts)) + start, [len(found) for found, _ in parts])
    found = np.concatenate([np.empty(0, dtype=np.int64), *(places for places, _ in parts)])
    score = np.concatenate([np.empty(0, dtype=np.float32), *(values for _, values in parts)])
    return pd.DataFrame({"a": a.astype(np.int64), "b": found, "score": score})


def _best_of_row(
    scores: sparse.csr_matrix, row: int, own: int, settings: CandidatesParams
) -> tuple[Rows, npt.NDArray[np.float32]]:
    """The photos of the highest scores, of equal ones the first, and their scores; a photo is not its own neighbour."""
    span = slice(scores.indptr[row], scores.indptr[row + 1])
    found, score = scores.indices[span].astype(np.int64), scores.data[span]
    if len(score) > settings.neighbours + 1:
        least = np.partition(score, -(settings.neighbours + 1))[-(settings.neighbours + 1)]
        near = score >= least
        found, score = found[near], score[near]
    good = (found != own) & (score >= settings.min_word_score)
    found, score = found[good], score[good]
    best = np.lexsort((found, -score))[: settings.neighbours]
    return found[best], score[best]

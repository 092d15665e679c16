"""Pairs of photos worth a look: found by hashes, by visual words, and by what the sources say.

Each signal proposes, for each photo, its nearest others; which is nearer than which depends on the photos alone, never
on their order, so that a run from scratch and an update propose the same.
"""

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt
import pandas as pd

from lesionflow.curate import visual_words
from lesionflow.curate.hashes import DIGITS, TURNS
from lesionflow.curate.settings import CandidatesParams
from lesionflow.curate.visual_words import Ragged

FLAT = 2.0
"""Grey levels of deviation: the hash of a flatter thumbnail is a hash of noise."""
EXACT = 100_000
"""Photos up to which every hash is held against every other; beyond, four bands of 16 bits find them."""
BANDS, BAND_BITS = 4, 16
WIDE = 150_000
"""Photos up to which a band may differ by a bit. That search grows with the square of the photos: 3 s at 120,000 photos
for each way to turn them, over a minute at a million, where exact bands take 3 s."""
QUERIES = 4096
"""Hashes looked up at a time: photos of one hash by the thousand would otherwise answer all at once."""
LARGE_GROUP = 30
"""Photos of one patient up to which all are held against all."""

Hashes = npt.NDArray[np.uint8]
"""Photos x 8 bytes."""
Rows = npt.NDArray[np.int64]
HYPOTHESIS = ["a", "b", "mirrored", "turn"]


def propose(
    fingerprints: pd.DataFrame, local_features: pd.DataFrame, groups: pd.Series, settings: CandidatesParams
) -> pd.DataFrame:
    """Candidate pairs of photos: sha256_a < sha256_b, `mirrored`, `turn` and `candidate_by`.

    Parameters
    ----------
    fingerprints, local_features : the tables, of the same photos.
    groups : patient or lesion of the photos that have one, by sha256.

    Notes
    -----
    `mirrored`: whether the first is to be mirrored. `turn`: by how many quarter turns, counter-clockwise, where a hash
    says so; -1 leaves it to the keypoints. A pair stands once for each value of both, under the first signal of hash,
    words and group.
    """
    table = fingerprints.sort_values("sha256", ignore_index=True)
    local = local_features.set_index("sha256").loc[table["sha256"]]
    parts = [
        hash_pairs(table, settings),
        word_pairs(Ragged.of(list(local["words"])), Ragged.of(list(local["words_mirrored"])), settings),
        _group_pairs(table["sha256"].map(groups)),
    ]
    found = ordered(pd.concat(parts, ignore_index=True))
    sha256 = table["sha256"].to_numpy()
    return found.assign(sha256_a=sha256[found["a"]], sha256_b=sha256[found["b"]]).drop(columns=["a", "b"])


def groups(manifest: pd.DataFrame, ingested: pd.DataFrame) -> pd.Series:
    """Patient or lesion of each stored photo that has one, by sha256; of several, the one of the smallest record_id."""
    rows = manifest[["record_id", "group"]].dropna().merge(ingested[["record_id", "sha256"]].dropna(), on="record_id")
    return rows.sort_values("record_id").drop_duplicates("sha256").set_index("sha256")["group"]


def ordered(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs with a < b, each once for each value of `mirrored` and `turn`."""
    swapped = pairs["a"] > pairs["b"]
    # The way back: a turn is undone by the opposite one, a mirrored turn by itself.
    opposite = swapped & (pairs["turn"] > 0) & ~pairs["mirrored"]
    turn = pairs["turn"].where(~opposite, 4 - pairs["turn"])
    first, second = pairs[["a", "b"]].min(axis=1), pairs[["a", "b"]].max(axis=1)
    table = pairs.assign(a=first, b=second, turn=turn).drop_duplicates(HYPOTHESIS)
    return table.sort_values(HYPOTHESIS, ignore_index=True)


def hash_pairs(fingerprints: pd.DataFrame, settings: CandidatesParams) -> pd.DataFrame:
    """Pairs whose hashes differ in few bits: as they stand, turned, mirrored, or without their borders.

    Each is proposed with the turn under which its hashes are near, and without, for its keypoints to say.
    """
    rows = np.flatnonzero(_structured(fingerprints))
    table = fingerprints.iloc[rows]
    straight, trimmed = _bits(table["phash"]), _bits(table["phash_trimmed"])
    framed = np.flatnonzero((straight != trimmed).any(axis=1))
    whole, without_border = (_indexed(hashes, settings) for hashes in (straight, trimmed))
    looks = [(np.arange(len(table)), straight, whole, False, 0)]
    for place, name in enumerate(TURNS):
        turned = _bits(table["phash_turned"].str[place * DIGITS : (place + 1) * DIGITS])
        turn = int(name.split()[-1]) // 90 if "rotated" in name else 0
        looks.append((np.arange(len(table)), turned, whole, "mirrored" in name, turn))
    looks += [(framed, trimmed[framed], others, False, -1) for others in (whole, without_border)]
    parts = [_pairs(rows[:0], rows[:0], mirrored=False, turn=-1, candidate_by="hash")]
    for queries, left, among, mirrored, turn in looks:
        for a, b in _within(queries, left, among, settings):
            parts.append(_pairs(rows[a], rows[b], mirrored=mirrored, turn=turn, candidate_by="hash"))
    found = pd.concat(parts, ignore_index=True)
    return pd.concat([found, found[found["turn"] >= 0].assign(turn=-1)], ignore_index=True)


def _structured(fingerprints: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Whether a photo shows anything that a hash could tell."""
    return np.array(
        [bool(text) and np.frombuffer(text, dtype=np.uint8).std() >= FLAT for text in fingerprints["thumbnail"]],
        dtype=bool,
    )


def _bits(hashes: pd.Series) -> Hashes:
    """64-bit hashes in hex as rows of 8 bytes."""
    return np.frombuffer(bytes.fromhex("".join(hashes)), dtype=np.uint8).reshape(-1, 8)


def _indexed(hashes: Hashes, settings: CandidatesParams) -> tuple[Any, Rows]:
    """An index of hashes, and the rows that are in it.

    Of rows with one hash, which are equally near to all, only so many enter as can be among the nearest.
    """
    rows = np.flatnonzero(_rank_among_equals(hashes) <= settings.neighbours)
    index = _index(len(rows))
    index.add(hashes[rows])
    return index, rows


def _within(
    rows: npt.NDArray[np.intp], left: Hashes, among: tuple[Any, Rows], settings: CandidatesParams
) -> Iterator[tuple[Rows, Rows]]:
    """For each row of `left` (whose own places are `rows`), its nearest rows of those indexed within the distance."""
    index, indexed = among
    for start in range(0, len(left), QUERIES):
        part = np.ascontiguousarray(left[start : start + QUERIES])
        limits, distances, places = index.range_search(part, settings.hash_distance + 1)  # the radius is left out
        found = indexed[places]
        query = np.repeat(rows[start : start + QUERIES], limits[1:].astype(np.int64) - limits[:-1].astype(np.int64))
        other = query != found
        table = pd.DataFrame({"query": query[other], "found": found[other], "distance": distances[other]})
        near = table.sort_values(["query", "distance", "found"]).groupby("query").head(settings.neighbours)
        yield near["query"].to_numpy(), near["found"].to_numpy()


def _rank_among_equals(hashes: Hashes) -> Rows:
    values = pd.Series(np.ascontiguousarray(hashes).view(np.uint64).ravel())
    return np.asarray(values.groupby(values).cumcount())


def _index(photos: int) -> Any:
    """Exact; for many photos up to 7 bits, for of four bands one then differs by a bit at most.

    Of pairs at 8 bits, only those that differ by 2 in each band are missed. Beyond WIDE photos it is exact up to 3
    bits, for of four bands one is then the same; of pairs at 8 bits it finds a third.
    """
    if photos <= EXACT:
        return faiss.IndexBinaryFlat(64)
    index = faiss.IndexBinaryMultiHash(64, BANDS, BAND_BITS)
    index.nflip = int(photos <= WIDE)
    return index


def _pairs(a: Rows, b: Rows, *, mirrored: bool, turn: int, candidate_by: str) -> pd.DataFrame:
    return pd.DataFrame({"a": a, "b": b}).assign(mirrored=mirrored, turn=turn, candidate_by=candidate_by)


def word_pairs(words: Ragged, mirrored: Ragged, settings: CandidatesParams) -> pd.DataFrame:
    """Pairs that share most visual words, for their keypoints to say how one lies on the other."""
    return visual_words.pairs(words, mirrored, settings).assign(turn=-1, candidate_by="words")


def _group_pairs(groups: pd.Series) -> pd.DataFrame:
    """Pairs of photos of one patient or lesion; in a large group, only of photos that stand near each other."""
    pairs: list[tuple[int, int]] = []
    for rows in groups.groupby(groups).groups.values():
        pairs += combinations(rows, 2) if len(rows) <= LARGE_GROUP else pairwise(rows)
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return _pairs(table[:, 0], table[:, 1], mirrored=False, turn=-1, candidate_by="group")

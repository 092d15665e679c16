"""What the pixels say of candidate pairs: the transform that lays one photo on the other, and how well they agree."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from lesionflow import parallel
from lesionflow.curate import agreement, codebook, registration
from lesionflow.curate.registration import Local, Registration

VERSION = 3
"""Raised when evidence is found otherwise, so that rows of an earlier version are found anew."""
FEATURES = 1000
"""Evidence of the features' version 3 has version 3000 + VERSION, for it does not outlive them."""
CHUNK = 256
KEY = ["sha256_a", "sha256_b", "mirrored", "turn"]
SHARES = ["overlap_a", "overlap_b", "contained_a", "contained_b"]
SEEN = ["width", "height", "places", "descriptors", "view", "view_width"]


def with_cached(candidates: pd.DataFrame, local_features: pd.DataFrame, cached: pd.DataFrame) -> pd.DataFrame:
    """Table pair_evidence of exactly `candidates`: usable rows of `cached`, and the missing ones found.

    A row depends on its two photos alone, so that it holds whatever photos join them.
    """
    version = VERSION + FEATURES * int(local_features["version"].max()) if len(local_features) else VERSION
    usable = cached[cached["version"] == version].drop(columns="candidate_by")
    joined = candidates.merge(usable, on=KEY, how="left")
    known = joined["version"].notna()
    missing = joined.loc[~known, [*KEY, "candidate_by"]].sort_values(KEY, ignore_index=True)
    found = [joined[known].astype({"version": "int64", "inliers": "int64"})]
    chunks = list(_chunks(missing, local_features))
    parts = parallel.map_ordered(_chunk, chunks, desc="pairs", unit="chunk")
    found += [part.assign(version=version) for part in parts]
    return pd.concat(found, ignore_index=True) if len(candidates) else cached.iloc[:0]


def _chunks(pairs: pd.DataFrame, local_features: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Some pairs at a time, with the features of their photos."""
    table = local_features.set_index("sha256")[SEEN]
    for start in range(0, len(pairs), CHUNK):
        part = pairs[start : start + CHUNK]
        yield part, table.loc[pd.unique(part[["sha256_a", "sha256_b"]].to_numpy().ravel())]


def _chunk(task: tuple[pd.DataFrame, pd.DataFrame]) -> pd.DataFrame:
    pairs, table = task
    local = {str(sha256): Local.of(*row) for sha256, *row in table.itertuples(name=None)}
    keys = pairs[KEY].itertuples(index=False)
    rows = [found(local[a], local[b], mirrored=bool(mirrored), turn=int(turn)) for a, b, mirrored, turn in keys]
    return pairs.join(pd.DataFrame(rows, index=pairs.index))


def found(first: Local, second: Local, *, mirrored: bool, turn: int) -> dict[str, Any]:
    """`inliers`, `matrix`, `agreement`, and the overlaps and containments of a pair (see `registration`).

    Parameters
    ----------
    mirrored : whether the first photo is mirrored left to right before all else.
    turn : quarter turns, counter-clockwise, by which the whole first frame is laid on the second, which serves photos
        without keypoints (`inliers` is 0 then); -1 for the transform that most keypoints agree on.
    """
    if mirrored:
        first = first.mirrored(codebook.load().signs)
    laid = _laid(first, second, turn)
    if laid is None:
        return {"inliers": 0, "matrix": np.zeros(6), "agreement": 0.0} | dict.fromkeys(SHARES, 0.0)
    score = agreement.agreement(laid.matrix, first, second)
    shares = registration.overlaps(laid.matrix, first, second) + registration.containments(laid.matrix, first, second)
    measured = {"inliers": laid.inliers, "matrix": laid.matrix.ravel(), "agreement": score}
    return measured | dict(zip(SHARES, shares, strict=True))


def _laid(first: Local, second: Local, turn: int) -> Registration | None:
    if turn >= 0:
        return Registration(registration.squeezed(first, second, turn), 0)
    return registration.register(first, second)

"""Tables of one row a photo that depends on the photo alone: only rows that are missing are computed."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from lesionflow import parallel
from lesionflow.images import StoredPhoto


def rows(
    photos: Sequence[StoredPhoto],
    cached: pd.DataFrame,
    work: Callable[[Sequence[StoredPhoto]], list[dict[str, Any]]],
    *,
    version: int,
    chunk: int,
    desc: str,
) -> pd.DataFrame:
    """Exactly `photos`: the rows of `cached` that have this `version`, and the missing ones by `work`.

    Parameters
    ----------
    work : makes the rows of some photos, at most `chunk` at a time, in worker processes.
    """
    wanted = {photo.sha256 for photo in photos}
    usable = cached[(cached["version"] == version) & cached["sha256"].isin(wanted)]
    known = set(usable["sha256"])
    missing = [photo for photo in photos if photo.sha256 not in known]
    parts = parallel.map_ordered(work, parallel.chunked(missing, chunk), desc=desc, unit="chunk")
    computed = [row for part in parts for row in part]
    return pd.concat([usable, pd.DataFrame(computed)], ignore_index=True) if computed else usable

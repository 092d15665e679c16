"""How far a photo lies from all photos that the models learn from, in the features of one backbone.

The score is the distance to the k-th nearest training photo, of features scaled to length 1 (Sun et al. 2022,
"Out-of-distribution detection with deep nearest neighbors"): 0 for a copy, up to 2. It knows nothing of labels.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

from lesionflow.errors import LesionflowError
from lesionflow.evaluate.settings import OutliersParams

BLOCK = 1000
"""Photos whose distances to all training photos are in memory at once."""
DIGITS = 6


def score(split: pd.DataFrame, features: npt.NDArray[np.floating], settings: OutliersParams) -> pd.DataFrame:
    """Table outliers: distance of each photo, and whether it lies beyond the limit of the validation photos.

    A training photo's nearest neighbours are others than itself. Without validation photos nothing is unusual.

    Parameters
    ----------
    split : a row a photo: sha256, split.
    features : (photos, width), in the same order.

    Raises
    ------
    LesionflowError : no more training photos than the neighbour asked for.
    """
    part = split["split"].to_numpy()
    train = np.flatnonzero(part == "train")
    if len(train) <= settings.neighbour:
        raise LesionflowError(
            f"outliers: {len(train)} training photos",
            expected=f"more than outliers.neighbour, {settings.neighbour}",
            remedy="Lower outliers.neighbour in params.yaml.",
        )
    unit = normalize(features.astype(np.float64))
    nearest = NearestNeighbors(n_neighbors=settings.neighbour + 1, algorithm="brute").fit(unit[train])
    starts = range(0, len(unit), BLOCK)
    distances = np.concatenate([nearest.kneighbors(unit[start : start + BLOCK])[0] for start in starts])
    # The nearest to a training photo is itself (or its copy, as near).
    own = np.where(part == "train", settings.neighbour, settings.neighbour - 1)
    distance = distances[np.arange(len(unit)), own].round(DIGITS)
    known = limit(distance[part == "val"], settings)
    unusual = np.zeros(len(distance), dtype=bool) if known is None else distance > known
    return pd.DataFrame({"sha256": split["sha256"].to_numpy(), "distance": distance, "unusual": unusual})


def limit(distances: npt.NDArray[np.float64], settings: OutliersParams) -> float | None:
    """The distance beyond which a photo is unusual: so large a share of the validation photos lies within it."""
    return float(np.quantile(distances, settings.usual_share, method="higher")) if len(distances) else None


def summary(split: pd.DataFrame, table: pd.DataFrame, settings: OutliersParams) -> dict[str, Any]:
    """The limit, and by split the photos, the unusual ones, and the median distance (None without photos)."""
    part = split["split"].to_numpy()
    result: dict[str, Any] = {"limit": limit(table["distance"].to_numpy()[part == "val"], settings)}
    for name in ("train", "val", "test"):
        rows = table[part == name]
        median = float(rows["distance"].median()) if len(rows) else None
        result[name] = {"photos": len(rows), "unusual": int(rows["unusual"].sum()), "median_distance": median}
    return result

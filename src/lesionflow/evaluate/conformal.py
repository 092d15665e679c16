"""Prediction sets: for each photo the labels that cannot be ruled out, by split conformal prediction (crepes).

What a set promises holds for photos drawn as the validation photos were: marginal sets hold the truth of a share of all
photos, sets by class that of a share of each class's photos (Vovk et al. 2005, 4.5). Photos of one patient stand for
fewer than they are, and temperature and epoch were chosen on the same validation photos, so that it holds roughly.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from crepes import ConformalClassifier
from scipy.stats import beta

Reals = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def marginal(probabilities: Reals, validation: Reals, class_id: Ids, *, coverage: float) -> Flags:
    """Sets (photos, classes) that hold the truth of a share of `coverage` of all photos.

    A label is as strange to a photo as its probability is far from 1 (Sadinle et al. 2019). Without a validation photo
    nothing can be ruled out.

    Parameters
    ----------
    probabilities : (photos, classes), of the photos that sets are wanted for.
    validation, class_id : the same of the validation photos, and their truth.
    """
    return _sets(1 - probabilities, 1 - validation[np.arange(len(class_id)), class_id], coverage=coverage)


def by_class(probabilities: Reals, validation: Reals, class_id: Ids, *, coverage: float) -> Flags:
    """Sets (photos, classes) that hold the truth of that share of each class's photos.

    A label is judged by the validation photos of its own class; one that has too few of them is in every set.
    """
    strange = 1 - validation[np.arange(len(class_id)), class_id]
    columns = [
        _sets(1 - probabilities[:, [one]], strange[class_id == one], coverage=coverage)
        for one in range(probabilities.shape[1])
    ]
    return np.concatenate(columns, axis=1)


def _sets(strange: Reals, known: Reals, *, coverage: float) -> Flags:
    # Without smoothing, so that no chance is in it; a set is then a little larger than it need be.
    found = ConformalClassifier().fit(known).predict_set(strange, confidence=coverage, smoothing=False)
    return np.asarray(found, dtype=bool).reshape(strange.shape)


def exact_interval(share: float, size: int, *, confidence: float) -> tuple[float, float]:
    """Clopper and Pearson's interval of a share of `size` groups; Korn and Graubard 1998 for shares between counts.

    The groups count, not their photos, as if those of a group were all alike: rather too wide than too narrow.
    """
    hits, tail = share * size, (1 - confidence) / 2
    low = 0.0 if hits <= 0 else float(beta.ppf(tail, hits, size - hits + 1))
    high = 1.0 if hits >= size else float(beta.ppf(1 - tail, hits + 1, size - hits))
    return low, high


def coverage_of(
    sets: Flags, class_id: Ids, test: pd.DataFrame, slices: dict[str, "pd.Series[Any]"], *, confidence: float
) -> list[dict[str, Any]]:
    """How often the set holds the truth, over all photos and in each slice, with how large the sets are.

    Parameters
    ----------
    test : the photos, with their group.
    slices : by name, the part that each photo belongs to; missing: to none.
    """
    held = sets[np.arange(len(class_id)), class_id]
    frame = pd.DataFrame({"held": held, "size": sets.sum(axis=1), "group": test["group"].to_numpy()})
    rows = [_covered(frame, "all", "all", confidence=confidence)]
    for name, parts in slices.items():
        # As text one by one: whole numbers with missing ones among them would turn into 1.0, 2.0, ...
        known = np.array([None if pd.isna(part) else str(part) for part in parts.array], dtype=object)
        by_part = frame.groupby(known, sort=True, dropna=True)
        rows += [_covered(part, name, str(key), confidence=confidence) for key, part in by_part]
    return rows


def _covered(part: pd.DataFrame, name: str, key: str, *, confidence: float) -> dict[str, Any]:
    groups, share = part["group"].nunique(), float(part["held"].mean())
    low, high = exact_interval(share, groups, confidence=confidence)
    sizes = part["size"]
    return {
        "slice": name, "part": key, "photos": len(part), "groups": groups,
        "coverage": share, "coverage_low": low, "coverage_high": high,
        "mean_size": float(sizes.mean()), "single": float((sizes == 1).mean()), "empty": float((sizes == 0).mean()),
    }  # fmt: skip

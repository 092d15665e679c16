"""Scores of heat maps as means over photos, with intervals over leakage groups."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from lesionflow.evaluate import intervals
from lesionflow.evaluate.predictions import rounded
from lesionflow.evaluate.settings import EvaluateParams

Estimate = dict[str, float | None]
RANDOM, CENTRE = "random", "centre"
"""The maps of table map_scores that know nothing of the network."""
FAITHFULNESS = ("drop", "deletion", "insertion", "road", "head_likeness")
LOCALISATION = ("pointing", "energy", "iou")


def mean(values: Sequence[float], groups: Sequence[str], settings: EvaluateParams, *, seed: int) -> Estimate:
    """Mean of the defined values as value, low and high; a single group has no interval.

    >>> mean([], [], EvaluateParams(confidence=0.95, bootstrap=10, top_k=1, specificity=0.9), seed=1)
    {'value': None, 'low': None, 'high': None}
    """
    given = np.asarray(values, dtype=float)
    known = np.isfinite(given)
    names = np.asarray(groups, dtype=object)[known]
    if not known.any():
        return intervals.estimate(None, None, confidence=settings.confidence)
    samples = None
    if len(set(names)) > 1:
        samples = intervals.resample(list(names), count=settings.bootstrap, seed=seed).means(given[known])
    return intervals.estimate(float(given[known].mean()), samples, confidence=settings.confidence)


def measure(
    scores: pd.DataFrame, artefacts: pd.DataFrame, method: str, settings: EvaluateParams, *, seed: int
) -> dict[str, Any]:
    """Faithfulness, localisation (None where no lesion is known) and attention to artefacts of a method's maps.

    Differences are paired, photo by photo.

    Parameters
    ----------
    scores, artefacts : tables map_scores and artefact_maps.
    """
    by_method = {str(name): rows.set_index("sha256").sort_index() for name, rows in scores.groupby("method")}
    mine, random, centre = (by_method[name] for name in (method, RANDOM, CENTRE))

    def told(values: "pd.Series[float]") -> Estimate:
        return mean(list(values), list(mine["group"]), settings, seed=seed)

    spread, chance = (rows["insertion"] - rows["deletion"] for rows in (mine, random))
    found: dict[str, Any] = {
        "photos": len(mine),
        "groups": int(mine["group"].nunique()),
        "blank_share": float(mine["blank"].mean()),
        "faithfulness": {
            **{name: told(mine[name]) for name in FAITHFULNESS},
            "drop_beyond_random": told(mine["drop"] - random["drop"]),
            "insertion_minus_deletion": told(spread),
            "insertion_minus_deletion_beyond_random": told(spread - chance),
        },
        "localisation": None,
    }
    known = mine["lesion"].notna()
    if known.any():
        beyond = {f"{name}_beyond_centre": told(mine[name] - centre[name]) for name in LOCALISATION}
        of_mine = {name: told(mine[name]) for name in LOCALISATION}
        found["localisation"] = {
            "photos": int(known.sum()), "lesion_share": float(mine["lesion"].mean()), **of_mine, **beyond,
        }  # fmt: skip
    found["methods"] = _methods(by_method, settings, seed=seed)
    found["attention"] = attention(artefacts, settings, seed=seed)
    return rounded(found)  # type: ignore[no-any-return]


def _methods(by_method: dict[str, pd.DataFrame], settings: EvaluateParams, *, seed: int) -> list[dict[str, Any]]:
    """Every method and baseline, row by row; a list, so that nobody takes them for this model's metrics."""
    rows = []
    for name, some in by_method.items():
        groups = list(some["group"])
        said = {key: mean(list(some[key]), groups, settings, seed=seed) for key in (*FAITHFULNESS, *LOCALISATION)}
        rows.append({"method": name, "blank_share": float(some["blank"].mean()), **said})
    return rows


def attention(artefacts: pd.DataFrame, settings: EvaluateParams, *, seed: int) -> list[dict[str, Any]]:
    """By artefact, the share of the map on it, the area that it covers, and how much more than the area that is."""
    rows = []
    for name, some in artefacts.groupby("corruption"):
        groups = list(some["group"])
        energy, area = some["energy"].to_numpy(dtype=float), some["area"].to_numpy(dtype=float)
        rows.append(
            {
                "corruption": str(name),
                "photos": len(some),
                "area": float(area.mean()),
                "energy": mean(list(energy), groups, settings, seed=seed),
                "beyond_area": mean(list(energy - area), groups, settings, seed=seed),
            }
        )
    return rows

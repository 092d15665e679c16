"""How far the labels and the look of the photos have moved from the data that was accepted last."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

LABELS = "label"
QUALITY = (
    "sharpness",
    "brightness",
    "contrast",
    "entropy",
    "colourfulness",
    "skin_share",
    "border_share",
    "text_share",
)
GRID = np.linspace(0, 1, 101)
DIGITS = 6
COLUMNS = ["measure", "photos_accepted", "photos", "label_drift", "quality_drift"]
NOTHING: dict[str, Any] = {"photos": 0, "labels": {}, "quality": {}}
"""What expectations/accepted.json says before any data was accepted."""


def profile(curated: pd.DataFrame, fingerprints: pd.DataFrame) -> dict[str, Any]:
    """Shares of the labels and percentiles of the quality measures of the photos that curation keeps."""
    kept = curated[curated["verdict"] == "keep"]
    seen = fingerprints[fingerprints["sha256"].isin(kept["sha256"])]
    shares = kept["label"].value_counts(normalize=True).sort_index()
    quality = {name: seen[name].dropna().astype(float) for name in QUALITY}
    return {
        "photos": len(kept),
        "labels": {str(label): round(float(share), DIGITS) for label, share in shares.items()},
        "quality": {
            name: [round(float(value), DIGITS) for value in np.quantile(values, GRID)]
            for name, values in quality.items()
            if len(values)
        },
    }


def distances(accepted: Mapping[str, Any], now: Mapping[str, Any]) -> pd.DataFrame:
    """One row a measure (COLUMNS), its drift from 0 to 1; none where nothing was accepted yet.

    `label_drift` is the total variation distance of the label shares: the share of photos that would need another label
    for the shares to be the same. `quality_drift` is Kolmogorov's and Smirnov's: the largest gap between the cumulative
    distributions, here by percentiles.
    """
    if not accepted["photos"]:
        return pd.DataFrame(columns=COLUMNS).astype({"label_drift": float, "quality_drift": float})
    drifts: list[tuple[str, float | None, float | None]] = [
        (LABELS, _variation(accepted["labels"], now["labels"]), None)
    ]
    drifts += [
        (name, None, _gap(accepted["quality"][name], now["quality"][name]))
        for name in QUALITY
        if name in accepted["quality"] and name in now["quality"]
    ]
    counts = (accepted["photos"], now["photos"])
    rows = [(name, *counts, label, quality) for name, label, quality in drifts]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"label_drift": float, "quality_drift": float})


def _variation(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    gaps = (abs(first.get(label, 0.0) - second.get(label, 0.0)) for label in sorted({*first, *second}))
    return round(sum(gaps) / 2, DIGITS)


def _gap(first: list[float], second: list[float]) -> float:
    """Of two distributions, each given by its percentiles on GRID."""
    values = np.unique([*first, *second])
    sides = [np.searchsorted(np.asarray(one), values, "right") / len(one) for one in (first, second)]
    return round(float(np.abs(sides[0] - sides[1]).max()), DIGITS)

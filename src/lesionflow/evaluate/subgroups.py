"""Every metric in each subgroup of the test photos, and where a model is worst.

A small subgroup is marked and never ranked: its figures say little, and the worst of many uncertain figures would
mostly be the most uncertain one. A metric that is undefined in a subgroup is not available there, nor ranked.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lesionflow.evaluate import intervals, predictions
from lesionflow.evaluate.malignancy import Alarm
from lesionflow.evaluate.settings import EvaluateParams, SubgroupsParams

UNKNOWN = "not known"
LOWER_IS_BETTER = ("log_loss", "brier")


def measure(
    test: pd.DataFrame,
    parts: pd.DataFrame,
    labels: Sequence[str],
    alarm: Alarm,
    settings: EvaluateParams,
    limits: SubgroupsParams,
    *,
    seed: int,
) -> pd.DataFrame:
    """One row a trait, subgroup and metric: trait, subgroup, photos, groups, small, metric, value, low, high.

    A trait that is known of no photo has no row. Photos without it are a subgroup of their own, which counts as small.

    Parameters
    ----------
    test : rows of table predictions.
    parts : the subgroup by each trait, a row a photo of `test`, in its order; missing where unknown.
    """
    rows: list[dict[str, Any]] = []
    for trait in parts:
        if not parts[trait].notna().any():
            continue
        named = parts[trait].astype(object).where(parts[trait].notna(), UNKNOWN).to_numpy()
        for name, part in test.groupby(named, sort=True):
            size = {"photos": len(part), "groups": part["group"].nunique()}
            small = str(name) == UNKNOWN or size["photos"] < limits.min_photos or size["groups"] < limits.min_groups
            found = intervals.measure(
                *predictions.arrays(part, labels), list(part["group"]), top_k=settings.top_k, count=settings.bootstrap,
                confidence=settings.confidence, seed=seed, alarm=alarm,
            )  # fmt: skip
            start = {"trait": trait, "subgroup": str(name), **size, "small": small}
            rows += [{**start, "metric": metric, **estimate} for metric, estimate in found.items()]
    columns = ["trait", "subgroup", "photos", "groups", "small", "metric", "value", "low", "high"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype(dict.fromkeys(["value", "low", "high"], float)).round(predictions.DIGITS)


def worst(measured: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """By trait and metric the worst subgroup that is not small: its name, figure and interval, and of how many.

    None where fewer than two subgroups can be compared.
    """
    result: dict[str, dict[str, Any]] = {}
    for (trait, metric), rows in measured.groupby(["trait", "metric"], sort=False):
        ranked = rows[~rows["small"].astype(bool) & rows["value"].notna()]
        found = None
        if len(ranked) >= 2:
            best_first = metric in LOWER_IS_BETTER
            # Of equal ones the first by name.
            row = ranked.sort_values("value", ascending=not best_first, kind="stable").iloc[0]
            found = {
                "subgroup": row["subgroup"], "value": float(row["value"]), "low": float(row["low"]),
                "high": float(row["high"]), "of": len(ranked),
            }  # fmt: skip
        result.setdefault(str(trait), {})[str(metric)] = found
    return result


def summary(measured: pd.DataFrame, known: Mapping[str, Any]) -> dict[str, Any]:
    """The worst subgroups, the numbers of subgroups and of small ones by trait, and how far the traits are known."""
    each = measured.drop_duplicates(["trait", "subgroup"]).groupby("trait", sort=False)["small"]
    counts = {str(trait): {"subgroups": len(rows), "small": int(rows.sum())} for trait, rows in each}
    return {"worst": predictions.rounded(worst(measured)), "counts": counts, "known": dict(known)}

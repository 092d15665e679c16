"""Columns derived from a table, so that rules across rows become rules on a row that Great Expectations can hold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from lesionflow import tables

GATED = {
    table.name: table for table in (tables.MANIFEST, tables.INGESTED, tables.CURATED, tables.SPLIT, tables.PREDICTIONS)
}
"""The tables that have a suite, expectations/<name>.json."""
FETCHED = ["fetched_sha256", "fetched_length"]
STORED = [*FETCHED, "sha256", "shard", "offset", "length", "format", "width", "height"]
"""Columns of table ingested that a stored photo must have and a failed row leaves empty (but for what was fetched)."""
MASK = ["mask_sha256", "mask_offset", "mask_length"]


@dataclass(frozen=True)
class Prepared:
    """A table with its derived columns, and values for the suite's parameters that come from the data's context."""

    frame: pd.DataFrame
    parameters: Mapping[str, Any] = field(default_factory=dict)


def prepare(name: str, frame: pd.DataFrame, *, shares: Mapping[str, float], tolerance: float) -> Prepared:
    """A table other than predictions with its derived columns; `shares` and `tolerance` are those asked of split."""
    if name == "split":
        return split(frame, shares=shares, tolerance=tolerance)
    derive = {"ingested": ingested, "curated": curated}.get(name, Prepared)
    return derive(frame)


def ingested(frame: pd.DataFrame) -> Prepared:
    """`fits_status`: a stored row has its photo's place and no reason, a failed one a reason and no place."""
    stored = frame["status"] == "stored"
    filled = frame[STORED].notna()
    complete = filled.all(axis=1) & (frame["reason"] == "")
    empty = ~filled.drop(columns=FETCHED).any(axis=1) & (frame["reason"] != "")
    mask = frame[MASK].notna()
    fits_mask = mask.all(axis=1) | ~mask.any(axis=1)
    return Prepared(frame.assign(fits_status=complete.where(stored, empty), fits_mask=fits_mask))


def curated(frame: pd.DataFrame) -> Prepared:
    """Rules on verdicts, copies and clusters.

    `fits_verdict`: a kept row has a photo and no reason, a dropped one a reason. `kept_copies`: rows kept of this
    photo. `kept_in_cluster`, `groups_in_cluster`: of this duplicate cluster, empty outside of one. `names_kept`:
    the copy said to be kept is, empty where none is said.
    """
    keep = frame["verdict"] == "keep"
    kept = frame.assign(kept=keep.astype(int))
    says = frame["kept_record_id"].notna()
    return Prepared(
        frame.assign(
            fits_verdict=(frame["sha256"].notna() & (frame["reason"] == "")).where(keep, frame["reason"] != ""),
            kept_copies=kept.groupby("sha256")["kept"].transform("sum"),
            kept_in_cluster=kept.groupby("cluster")["kept"].transform("sum"),
            groups_in_cluster=frame.groupby("cluster")["group"].transform("nunique"),
            names_kept=frame["kept_record_id"].isin(frame.loc[keep, "record_id"]).astype(object).where(says),
        )
    )


def split(frame: pd.DataFrame, *, shares: Mapping[str, float], tolerance: float) -> Prepared:
    """Rules on groups, classes and shares.

    `splits_per_group` (1, or photos of one patient leak), `splits_per_class` (all that shares are asked of, or a class
    cannot be learnt or measured), `class_photos` in the row's split, `share_deviation` and `class_share_deviation` of
    the row's split from the share asked for, among all photos and among its class's (empty in a split of which none is
    asked, whose photos then do not count), and `labels_per_class_id`, `class_ids_per_label` (1).
    """
    counted = frame.loc[frame["split"].isin(list(shares))]
    asked = counted["split"].map(shares).astype(float)
    in_class = counted.groupby(["label", "split"])["sha256"].transform("size")
    share = counted["split"].map(counted["split"].value_counts(normalize=True)).astype(float)
    class_share = in_class / counted.groupby("label")["sha256"].transform("size")
    return Prepared(
        frame.assign(
            splits_per_group=frame.groupby("group")["split"].transform("nunique"),
            splits_per_class=frame.groupby("label")["split"].transform("nunique"),
            class_photos=frame.groupby(["label", "split"])["sha256"].transform("size"),
            # Rounded, so that a share just at its bound does not lie beyond it by the last binary digit.
            share_deviation=(share - asked).abs().round(9),
            class_share_deviation=(class_share - asked).abs().round(9),
            labels_per_class_id=frame.groupby("class_id")["label"].transform("nunique"),
            class_ids_per_label=frame.groupby("label")["class_id"].transform("nunique"),
        ),
        {"max_class_deviation": tolerance, "min_splits": len(shares)},
    )


def predictions(frame: pd.DataFrame, *, models: Sequence[str]) -> Prepared:
    """Rules on probabilities, for the stacked predictions of all models.

    `probability_sum`, `_min`, `_max` of a row, and `probabilities_count`; `shortfall`: how much the probability of
    the predicted label lies below the largest one, empty when that label is of no known class; `models_per_photo`.
    """
    vectors = [np.asarray(vector, dtype=float) for vector in frame["probabilities"]]
    class_ids = dict(zip(frame["label"], frame["class_id"], strict=True))
    pairs = list(zip(vectors, frame["predicted"].map(class_ids), strict=True))
    derived = frame.assign(
        probabilities_count=[len(vector) for vector in vectors],
        probability_sum=[float(vector.sum()) for vector in vectors],
        probability_min=[_edge(vector, np.min) for vector in vectors],
        probability_max=[_edge(vector, np.max) for vector in vectors],
        shortfall=[_shortfall(vector, class_id) for vector, class_id in pairs],
        models_per_photo=frame.groupby("sha256")["model"].transform("nunique"),
        splits_per_photo=frame.groupby("sha256")["split"].transform("nunique"),
    )
    classes = sorted(class_ids, key=lambda label: class_ids[label])
    counts = {"model_count": len(models), "class_count": len(classes)}
    return Prepared(derived, {"models": list(models), "labels": classes, **counts})


def _edge(vector: np.ndarray[Any, Any], pick: Callable[..., Any]) -> float:
    return float(pick(vector)) if len(vector) else float("nan")


def _shortfall(vector: np.ndarray[Any, Any], class_id: float) -> float:
    if pd.isna(class_id) or not 0 <= int(class_id) < len(vector):
        return float("nan")
    return float(vector.max() - vector[int(class_id)])

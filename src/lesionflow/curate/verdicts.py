"""One verdict for every manifest row: kept, or dropped with the first reason that holds."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lesionflow.curate.reasons import Reason


def components(first: pd.Series, second: pd.Series) -> pd.Series:
    """Connected components of pairs of names: each name's component, called by its smallest member."""
    codes, names = pd.factorize(np.concatenate([first, second]), sort=True)
    half = len(first)
    links = coo_array((np.ones(half), (codes[:half], codes[half:])), shape=(len(names), len(names)))
    _, component = connected_components(links, directed=False)
    table = pd.DataFrame({"name": names, "component": component})
    return pd.Series(table.groupby("component")["name"].transform("min").to_numpy(), index=names, dtype=object)


def curate(
    manifest: pd.DataFrame, ingested: pd.DataFrame, fingerprints: pd.DataFrame, pairs: pd.DataFrame, unusable: pd.Series
) -> pd.DataFrame:
    """Table curated.

    Parameters
    ----------
    pairs : table duplicate_pairs, of confirmed near-duplicates.
    unusable : reason by sha256 (see `quality.unusable`).
    """
    rows = manifest[["record_id", "label", "source", "group"]].merge(
        ingested[["record_id", "sha256"]], on="record_id", validate="one_to_one"
    )
    rows = rows.merge(fingerprints[["sha256", "width", "height", "sharpness"]], on="sha256", how="left")
    rows["cluster"] = _clusters(rows, pairs)
    rows["reason"] = (
        rows["sha256"].map(unusable).astype(object).where(rows["sha256"].notna(), str(Reason.NOT_INGESTED)).fillna("")
    )
    rows["kept_record_id"] = None
    _judge_clusters(rows)
    rows["verdict"] = np.where(rows["reason"] == "", "keep", "drop")
    rows["group"] = leakage_groups(rows)
    return rows


def _clusters(rows: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series:
    """Cluster of each row with a copy, exact or near; None for rows that stand alone."""
    present = rows["sha256"].dropna()
    near = components(
        pd.concat([pairs["sha256_a"], present], ignore_index=True),
        pd.concat([pairs["sha256_b"], present], ignore_index=True),
    )
    cluster = rows["sha256"].map(near)
    return cluster.where(cluster.map(cluster.value_counts()) > 1, None).astype(object)


def _judge_clusters(rows: pd.DataFrame) -> None:
    """Keep the best usable copy of each cluster, or none where labels conflict; writes reason and kept_record_id."""
    usable = rows[(rows["reason"] == "") & rows["cluster"].notna()].copy()
    usable["pixels"] = usable["width"] * usable["height"]
    # The group comes first: a copy whose patient is known keeps the tie to that patient's other photos.
    usable["known"] = usable["group"].notna()
    best_first = usable.sort_values(
        ["cluster", "known", "pixels", "sharpness", "record_id"], ascending=[True, False, False, False, True]
    )
    for _, copies in best_first.groupby("cluster", sort=True):
        if len(set(copies["label"])) > 1:
            rows.loc[copies.index, "reason"] = str(Reason.CONFLICTING_LABELS)
            continue
        kept, others = copies.iloc[0], copies.iloc[1:]
        exact = others["sha256"] == kept["sha256"]
        rows.loc[others.index, "reason"] = np.where(exact, str(Reason.EXACT_DUPLICATE), str(Reason.NEAR_DUPLICATE))
        rows.loc[copies.index, "kept_record_id"] = kept["record_id"]


def leakage_groups(rows: pd.DataFrame) -> pd.Series:
    """Rows that share a patient, a lesion or a duplicate cluster share a group, named by its smallest record_id."""
    links = [
        rows.groupby(column)["record_id"].transform("min").fillna(rows["record_id"]) for column in ("group", "cluster")
    ]
    joined = components(
        pd.concat([rows["record_id"], rows["record_id"]], ignore_index=True), pd.concat(links, ignore_index=True)
    )
    return rows["record_id"].map(joined)


def summarise(curated: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, object]:
    """Counts for reports/curation.json."""
    dropped = curated.loc[curated["verdict"] == "drop", "reason"].value_counts().sort_index()
    return {
        "rows": len(curated),
        "kept": int((curated["verdict"] == "keep").sum()),
        "dropped": int(dropped.sum()),
        "dropped_by_reason": {str(reason): int(count) for reason, count in dropped.items()},
        "near_duplicate_pairs": len(pairs),
        "clusters": int(curated["cluster"].nunique()),
        "leakage_groups": int(curated["group"].nunique()),
    }

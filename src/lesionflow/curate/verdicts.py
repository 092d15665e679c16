"""One verdict for every manifest row: kept, or dropped with the first reason that holds."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lesionflow.curate.decisions import Decisions
from lesionflow.curate.duplicates import DUPLICATE, SAME_SCENE
from lesionflow.curate.reasons import Reason

MEASURES = ["width", "height", "border_share", "sharpness"]
"""Of table fingerprints: what decides which copy is the best."""


def components(first: pd.Series, second: pd.Series) -> pd.Series:
    """Connected components of pairs of names: each name's component, called by its smallest member."""
    codes, names = pd.factorize(np.concatenate([first, second]), sort=True)
    half = len(first)
    links = coo_array((np.ones(half), (codes[:half], codes[half:])), shape=(len(names), len(names)))
    _, component = connected_components(links, directed=False)
    table = pd.DataFrame({"name": names, "component": component})
    return pd.Series(table.groupby("component")["name"].transform("min").to_numpy(), index=names, dtype=object)


def curate(
    manifest: pd.DataFrame,
    ingested: pd.DataFrame,
    fingerprints: pd.DataFrame,
    pairs: pd.DataFrame,
    unusable: pd.Series,
    decisions: Decisions,
) -> pd.DataFrame:
    """Table curated.

    Parameters
    ----------
    pairs : table duplicate_pairs.
    unusable : reason by sha256 (see `quality.unusable`).
    decisions : labels, dropped photos, and which copy stays; what was decided over pairs stands in `pairs` already.
    """
    rows = manifest[["record_id", "label", "source", "group"]].merge(
        ingested[["record_id", "sha256"]], on="record_id", validate="one_to_one"
    )
    rows["label"] = rows["sha256"].map(decisions.labels).fillna(rows["label"]).astype(object)
    rows = rows.merge(fingerprints[["sha256", *MEASURES]], on="sha256", how="left")
    rows["cluster"] = _clusters(rows, pairs[pairs["relation"] == DUPLICATE])
    rows["reason"] = _reasons(rows["sha256"], unusable, decisions)
    rows["kept_record_id"] = None
    _judge_clusters(rows, decisions)
    rows["verdict"] = np.where(rows["reason"] == "", "keep", "drop")
    rows["group"] = leakage_groups(rows, pairs[pairs["relation"] == SAME_SCENE])
    return rows


def _reasons(sha256: pd.Series, unusable: pd.Series, decisions: Decisions) -> pd.Series:
    """Why a photo cannot be used at all; "" where it can."""
    reasons = sha256.map(unusable).astype(object).where(sha256.notna(), str(Reason.NOT_INGESTED)).fillna("")
    decided = sha256.isin(decisions.dropped | set(decisions.instead))
    return reasons.mask(decided & (reasons == ""), str(Reason.DECIDED))


def _clusters(rows: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series:
    """Cluster of each row with a copy, exact or near; None for rows that stand alone."""
    present = rows["sha256"].dropna()
    near = components(
        pd.concat([pairs["sha256_a"], present], ignore_index=True),
        pd.concat([pairs["sha256_b"], present], ignore_index=True),
    )
    cluster = rows["sha256"].map(near)
    return cluster.where(cluster.map(cluster.value_counts()) > 1, None).astype(object)


def _judge_clusters(rows: pd.DataFrame, decisions: Decisions) -> None:
    """Keep the best usable copy of each cluster, or none where labels conflict; writes reason and kept_record_id."""
    usable = rows[(rows["reason"] == "") & rows["cluster"].notna()].copy()
    usable["chosen"] = usable["sha256"].isin(set(decisions.instead.values()))
    # The group comes before size: a copy whose patient is known keeps the tie to that patient's other photos.
    usable["known"] = usable["group"].notna()
    # Bands along the edges add no detail.
    usable["pixels"] = usable["width"] * usable["height"] * (1 - usable["border_share"])
    order = ["chosen", "known", "pixels", "sharpness"]
    best_first = usable.sort_values(["cluster", *order, "record_id"], ascending=[True, *[False] * len(order), True])
    for _, copies in best_first.groupby("cluster", sort=True):
        if len(set(copies["label"])) > 1:
            rows.loc[copies.index, "reason"] = str(Reason.CONFLICTING_LABELS)
            continue
        kept, others = copies.iloc[0], copies.iloc[1:]
        exact = others["sha256"] == kept["sha256"]
        rows.loc[others.index, "reason"] = np.where(exact, str(Reason.EXACT_DUPLICATE), str(Reason.NEAR_DUPLICATE))
        rows.loc[copies.index, "kept_record_id"] = kept["record_id"]


def leakage_groups(rows: pd.DataFrame, scenes: pd.DataFrame) -> pd.Series:
    """Rows that share a patient, a lesion, a duplicate cluster or a scene share a group, named by its least record_id.

    Parameters
    ----------
    scenes : sha256_a and sha256_b of photos that show the same patch of skin.
    """
    seen = rows.dropna(subset=["sha256"]).groupby("sha256")["record_id"].min()
    links = [
        rows.groupby(column)["record_id"].transform("min").fillna(rows["record_id"])
        for column in ("group", "cluster", "sha256")
    ]
    pairs = scenes[scenes["sha256_a"].isin(seen.index) & scenes["sha256_b"].isin(seen.index)]
    first, second = pairs["sha256_a"].map(seen), pairs["sha256_b"].map(seen)
    joined = components(
        pd.concat([*[rows["record_id"]] * len(links), first], ignore_index=True),
        pd.concat([*links, second], ignore_index=True),
    )
    return rows["record_id"].map(joined)


def conflicts(curated: pd.DataFrame, manifest: pd.DataFrame) -> pd.DataFrame:
    """The copies whose labels conflict, for people to decide over: cluster, sha256, record_id, label, source, url."""
    rows = curated[curated["reason"] == str(Reason.CONFLICTING_LABELS)]
    told = rows.merge(manifest[["record_id", "url"]], on="record_id", validate="one_to_one")
    columns = ["cluster", "sha256", "record_id", "label", "source", "url"]
    return told[columns].sort_values(["cluster", "record_id"], ignore_index=True)


def summarise(curated: pd.DataFrame, pairs: pd.DataFrame, decisions: Decisions) -> dict[str, object]:
    """Counts for reports/curation.json."""
    dropped = curated.loc[curated["verdict"] == "drop", "reason"].value_counts().sort_index()
    relations = pairs["relation"].value_counts().sort_index()
    decided = decisions.photos()
    return {
        "rows": len(curated),
        "kept": int((curated["verdict"] == "keep").sum()),
        "dropped": int(dropped.sum()),
        "dropped_by_reason": {str(reason): int(count) for reason, count in dropped.items()},
        "pairs": {str(relation): int(count) for relation, count in relations.items()},
        "clusters": int(curated["cluster"].nunique()),
        "leakage_groups": int(curated["group"].nunique()),
        "decisions": {"photos": len(decided), "absent": len(decided - set(curated["sha256"].dropna()))},
    }

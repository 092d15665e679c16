"""One verdict for every manifest row: kept, or dropped with the first reason that holds."""

import numpy as np
import pandas as pd

from lesionflow.curate.cells import inert
from lesionflow.curate.clusters import clusters, components
from lesionflow.curate.decisions import Decisions
from lesionflow.curate.duplicates import DIFFERENT, DUPLICATE
from lesionflow.curate.reasons import Reason

MEASURES = ["width", "height", "border_share", "sharpness"]
"""Of table fingerprints: what decides which copy is the best."""
OF_COPIES = (Reason.DECIDED, Reason.CONFLICTING_LABELS, Reason.EXACT_DUPLICATE, Reason.NEAR_DUPLICATE)
"""Reasons that usable photos are dropped for."""


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
    rows = rows.merge(fingerprints[["sha256", *MEASURES]], on="sha256", how="left")
    replaced = decisions.replaced(set(fingerprints["sha256"]) - set(unusable.index))
    rows["reason"] = _reasons(rows["sha256"], unusable, decisions.dropped | set(replaced))
    rows["cluster"] = _clusters(rows, pairs, decisions)
    rows["label"] = _labels(rows, decisions)
    rows["kept_record_id"] = None
    _judge_clusters(rows, set(replaced.values()))
    _name_kept(rows, rows["sha256"].isin(set(replaced)))
    rows["verdict"] = np.where(rows["reason"] == "", "keep", "drop")
    rows["group"] = leakage_groups(rows, pairs[pairs["relation"] != DIFFERENT])
    return rows


def _reasons(sha256: pd.Series, unusable: pd.Series, decided: set[str] | frozenset[str]) -> pd.Series:
    """Why a photo cannot be used at all; "" where it can."""
    reasons = sha256.map(unusable).astype(object).where(sha256.notna(), str(Reason.NOT_INGESTED)).fillna("")
    return reasons.mask(sha256.isin(decided) & (reasons == ""), str(Reason.DECIDED))


def _clusters(rows: pd.DataFrame, pairs: pd.DataFrame, decisions: Decisions) -> pd.Series:
    """Cluster of each row with a copy, exact or near; None for rows that stand alone."""
    gone = pairs[["sha256_a", "sha256_b"]].isin(decisions.dropped).any(axis=1)
    near = clusters(pairs[(pairs["relation"] == DUPLICATE) & ~gone], decisions.apart(), decisions.keep_one)
    cluster = rows["sha256"].map(near).astype(object).fillna(rows["sha256"])
    return cluster.where(cluster.map(cluster.value_counts()) > 1, None).astype(object)


def _labels(rows: pd.DataFrame, decisions: Decisions) -> pd.Series:
    """The label that people gave a photo, or one of its usable copies, where they agree; else that of its source."""
    given = rows["sha256"].map(decisions.labels).astype(object)
    told = given.fillna(rows["label"].where(rows["sha256"].isin(decisions.confirmed)))
    of_cluster = told.where(rows["reason"] == "").groupby(rows["cluster"])
    agreed = of_cluster.transform("first").where(of_cluster.transform("nunique") == 1)
    return given.fillna(agreed).fillna(rows["label"]).astype(object)


def _judge_clusters(rows: pd.DataFrame, chosen: set[str]) -> None:
    """Keep the best usable copy of each cluster, or none where labels conflict; writes reason and kept_record_id."""
    usable = rows[(rows["reason"] == "") & rows["cluster"].notna()].copy()
    usable["chosen"] = usable["sha256"].isin(chosen)
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


def _name_kept(rows: pd.DataFrame, replaced: pd.Series) -> None:
    """Write kept_record_id of the copies for which people let another one stand."""
    kept = rows.groupby("cluster")["kept_record_id"].first()
    named = rows["cluster"].map(kept).astype(object)
    rows.loc[replaced, "kept_record_id"] = named.where(named.notna(), None)[replaced]


def leakage_groups(rows: pd.DataFrame, joined: pd.DataFrame) -> pd.Series:
    """Rows that share a patient, a lesion, a photo or a scene share a group, named by its least record_id.

    Parameters
    ----------
    joined : sha256_a and sha256_b of photos that show the same patch of skin, copies among them.
    """
    seen = rows.dropna(subset=["sha256"]).groupby("sha256")["record_id"].min()
    links = [
        rows.groupby(column)["record_id"].transform("min").fillna(rows["record_id"])
        for column in ("group", "cluster", "sha256")
    ]
    pairs = joined[joined["sha256_a"].isin(seen.index) & joined["sha256_b"].isin(seen.index)]
    first, second = pairs["sha256_a"].map(seen), pairs["sha256_b"].map(seen)
    found = components(
        pd.concat([*[rows["record_id"]] * len(links), first], ignore_index=True),
        pd.concat([*links, second], ignore_index=True),
    )
    return rows["record_id"].map(found)


def conflicts(curated: pd.DataFrame, manifest: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """The copies whose labels conflict, for people to decide over.

    Columns: cluster, sha256, record_id, label, source, url, and copy_of: with which photos the pixels agree.
    """
    rows = curated[curated["reason"] == str(Reason.CONFLICTING_LABELS)]
    told = rows.merge(manifest[["record_id", "url"]], on="record_id", validate="one_to_one")
    found = pairs.loc[pairs["relation"] == DUPLICATE, ["sha256_a", "sha256_b"]]
    both = pd.concat([found, found.set_axis(["sha256_b", "sha256_a"], axis=1)]).sort_values(["sha256_a", "sha256_b"])
    told["copy_of"] = told["sha256"].map(both.groupby("sha256_a")["sha256_b"].agg(" ".join)).fillna("")
    for name in ("record_id", "source", "url"):
        told[name] = told[name].map(inert)
    columns = ["cluster", "sha256", "record_id", "label", "source", "url", "copy_of"]
    return told[columns].sort_values(["cluster", "record_id"], ignore_index=True)


def summarise(curated: pd.DataFrame, pairs: pd.DataFrame, decisions: Decisions) -> dict[str, object]:
    """Counts for reports/curation.json; `decisions` tells of the photos that people named how many are no use yet."""
    dropped = curated.loc[curated["verdict"] == "drop", "reason"].value_counts().sort_index()
    relations = pairs["relation"].value_counts().sort_index()
    named, there = decisions.photos(), set(curated["sha256"].dropna())
    unusable = curated.loc[~curated["reason"].isin(["", *map(str, OF_COPIES)]), "sha256"]
    return {
        "rows": len(curated),
        "kept": int((curated["verdict"] == "keep").sum()),
        "dropped": int(dropped.sum()),
        "dropped_by_reason": {str(reason): int(count) for reason, count in dropped.items()},
        "pairs": {str(relation): int(count) for relation, count in relations.items()},
        "clusters": int(curated["cluster"].nunique()),
        "leakage_groups": int(curated["group"].nunique()),
        "decisions": {
            "photos": len(named),
            "absent": len(named - there),
            "unusable": len(named & set(unusable.dropna())),
        },
    }

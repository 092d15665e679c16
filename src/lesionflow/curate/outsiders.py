"""Photos from elsewhere, held against the run's own: which of them can say how a classifier does on new photos.

A photo that copies one of the run, or shows the same patch of skin, would be a test on what was learned. Every row of
the external manifest keeps a reason when it does not count, so that counts reconcile.
"""

from collections.abc import Collection
from enum import StrEnum

import pandas as pd

from lesionflow.curate import candidates, duplicates, evidence, verdicts
from lesionflow.curate.settings import CandidatesParams

KEY = duplicates.KEY


class Reason(StrEnum):
    """Why a row of an external manifest does not count, in the order in which they are looked for."""

    NOT_INGESTED = "not_ingested"
    COPY = "copy"  # of a photo of the run, or of the same patch of skin
    CONFLICTING_LABELS = "conflicting_labels"  # the same bytes under several labels
    OUTSIDE_TAXONOMY = "outside_taxonomy"
    OUTSIDE_MODEL = "outside_model"  # a class of the taxonomy that no classifier has learned
    REPEATED = "repeated"  # the same bytes under the same label: counted once


def pair_evidence(
    own: tuple[pd.DataFrame, pd.DataFrame],
    external: tuple[pd.DataFrame, pd.DataFrame],
    settings: CandidatesParams,
    cached: pd.DataFrame,
) -> pd.DataFrame:
    """Table pair_evidence of the pairs with a photo from elsewhere in them.

    Parameters
    ----------
    own, external : tables fingerprints and local_features of either side; the same bytes may stand in both.
    """
    new = set(external[0]["sha256"]) - set(own[0]["sha256"])
    fingerprints, local = (
        pd.concat([ours, theirs[theirs["sha256"].isin(new)]], ignore_index=True)
        for ours, theirs in zip(own, external, strict=True)
    )
    # Patients need no proposing: their photos are one group already.
    found = candidates.propose(fingerprints, local, pd.Series(dtype=object), settings)
    touching = found[KEY].isin(new).any(axis=1)
    return evidence.with_cached(found[touching].reset_index(drop=True), local, cached)


def copies(pairs: pd.DataFrame, split: pd.DataFrame, external: Collection[str]) -> pd.DataFrame:
    """The photos from elsewhere that the run has seen: sha256, own, relation and part; each once, the surest first.

    Parameters
    ----------
    pairs : confirmed, in the columns of table duplicate_pairs.
    split : table split of the run.
    external : sha256 of the photos from elsewhere.
    """
    part = split.set_index("sha256")["split"]
    same = sorted(set(part.index) & set(external))
    rows = [pd.DataFrame({"sha256": same, "own": same, "relation": "identical", "agreement": 1.0}, dtype=object)]
    outside = set(external) - set(part.index)
    for theirs, ours in (KEY, KEY[::-1]):
        between = pairs[pairs[theirs].isin(outside) & pairs[ours].isin(part.index)]
        renamed = between.rename(columns={theirs: "sha256", ours: "own"})
        rows.append(renamed[["sha256", "own", "relation", "agreement"]])
    table = pd.concat(rows, ignore_index=True).astype({"agreement": float})
    table["part"] = table["own"].map(part)
    best = table.sort_values(["sha256", "agreement", "own"], ascending=[True, False, True]).drop_duplicates("sha256")
    return best[["sha256", "own", "relation", "part"]].reset_index(drop=True)


def learned_as(classes: pd.DataFrame) -> dict[str, str]:
    """The label under which each class of table classes is learned: its own or its parent's; dropped ones have none."""
    learned = set(classes.loc[classes["verdict"] == "keep", "label"])
    rows = classes[classes["becomes"].isin(learned)]
    return dict(zip(rows["label"], rows["becomes"], strict=True)) | {label: label for label in learned}


def judged(
    manifest: pd.DataFrame,
    ingested: pd.DataFrame,
    copied: pd.DataFrame,
    pairs: pd.DataFrame,
    *,
    learned: dict[str, str],
    known: Collection[str],
) -> pd.DataFrame:
    """A row a row of the manifest: record_id, sha256, label (as learned), label_raw, reason ("" when it counts), group.

    Parameters
    ----------
    copied : see `copies`.
    pairs : confirmed; photos from elsewhere that show the same skin share a group, as do those of a patient.
    learned : see `learned_as`.
    known : the classes of the taxonomy.
    """
    columns = manifest[["record_id", "label", "label_raw", "group"]]
    rows = columns.merge(ingested[["record_id", "sha256"]], on="record_id", validate="one_to_one")
    rows = rows.sort_values("record_id", ignore_index=True)
    as_learned = rows["label"].map(learned)
    labels = as_learned.fillna(rows["label"]).groupby(rows["sha256"]).transform("nunique")
    looked_for = {
        Reason.NOT_INGESTED: rows["sha256"].isna(),
        Reason.COPY: rows["sha256"].isin(copied["sha256"]),
        Reason.CONFLICTING_LABELS: labels > 1,
        Reason.OUTSIDE_TAXONOMY: ~rows["label"].isin(known),
        Reason.OUTSIDE_MODEL: as_learned.isna(),
        Reason.REPEATED: rows.duplicated("sha256"),
    }
    reason = pd.Series("", index=rows.index, dtype=object)
    for name, holds in looked_for.items():
        reason = reason.mask((reason == "") & holds, str(name))
    table = rows.assign(label=as_learned.fillna(rows["label"]), reason=reason, cluster=None)
    among = pairs[~pairs[KEY].isin(copied["own"]).any(axis=1)]
    return table.assign(group=verdicts.leakage_groups(table, among)).drop(columns="cluster")


def counts(rows: pd.DataFrame) -> dict[str, int]:
    """Rows of the manifest, those that count, and those that do not by reason (every reason, also with 0)."""
    found = rows["reason"].value_counts()
    told = {"rows": len(rows), "used": int(found.get("", 0))}
    return told | {str(reason): int(found.get(str(reason), 0)) for reason in Reason}


def used(rows: pd.DataFrame, class_ids: dict[str, int]) -> pd.DataFrame:
    """The photos that count, in the columns of table split (part "external"), sorted by sha256."""
    found = rows[rows["reason"] == ""].sort_values("sha256", ignore_index=True)
    ids = found["label"].map(class_ids).astype("int64")
    return found.assign(class_id=ids, split="external")[["sha256", "record_id", "label", "class_id", "group", "split"]]

"""Train, validation and test, by leakage group and stratified by class, with a check that nothing crosses."""

import numpy as np
import pandas as pd

from lesionflow import seeding
from lesionflow.curate.settings import SplitParams
from lesionflow.errors import LesionflowError

PARTS = ("train", "val", "test")


def split(curated: pd.DataFrame, classes: pd.DataFrame, settings: SplitParams, *, seed: int) -> pd.DataFrame:
    """Table split.

    Within each class, groups stand in the order of a seeded hash of their name, and the parts are cut at the shares
    of photos. A group that holds several classes counts for the one it has most photos of. When data is added, a group
    changes its part only if it lies beside a cut.

    Raises
    ------
    LesionflowError : a class has no photo in some part.
    """
    kept_classes = classes[classes["verdict"] == "keep"]
    becomes = curated["label"].map(classes.set_index("label")["becomes"])
    rows = curated[(curated["verdict"] == "keep") & becomes.isin(kept_classes["label"])].copy()
    rows["label"] = becomes[rows.index]
    rows["class_id"] = rows["label"].map(kept_classes.set_index("label")["class_id"]).astype("int64")
    rows["split"] = rows["group"].map(_parts(rows, settings, seed))
    _refuse_absent(rows, list(kept_classes["label"]))
    return rows


def _parts(rows: pd.DataFrame, settings: SplitParams, seed: int) -> pd.Series:
    """The part of each group."""
    groups = rows.groupby("group").agg(
        label=("label", lambda labels: labels.value_counts().sort_index().idxmax()), photos=("label", "size")
    )
    groups["place"] = [seeding.derive(seed, "split", name) for name in groups.index]
    groups = groups.sort_values("place")
    photos = groups.groupby("label")["photos"]
    # A group belongs where its middle photo falls.
    middle = (photos.cumsum() - groups["photos"] / 2) / photos.transform("sum")
    cuts = np.cumsum([settings.test, settings.val])
    part = np.where(middle < cuts[0], "test", np.where(middle < cuts[1], "val", "train"))
    return pd.Series(part, index=groups.index, dtype=object)


def _refuse_absent(rows: pd.DataFrame, labels: list[str]) -> None:
    for part in PARTS:
        present = set(rows.loc[rows["split"] == part, "label"])
        absent = [label for label in labels if label not in present]
        if absent:
            groups = rows.loc[rows["label"] == absent[0], "group"].nunique()
            raise LesionflowError(
                f"split: no photo of {', '.join(absent)} in {part}",
                got=f"{absent[0]} in {groups} leakage groups (patients, lesions and copies that stay together)",
                expected="every kept class in train, val and test",
                remedy="Add photos of other patients, or raise curate.classes.min_images in params.yaml.",
            )


def leakage(table: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, int]:
    """How many groups and confirmed duplicate pairs lie in more than one part; all must be 0."""
    part = table.set_index("sha256")["split"]
    first, second = pairs["sha256_a"].map(part), pairs["sha256_b"].map(part)
    return {
        "groups": int(table["group"].nunique()),
        "groups_crossing": int(table[["group", "split"]].drop_duplicates()["group"].duplicated().sum()),
        "pairs_crossing": int((first.notna() & second.notna() & (first != second)).sum()),
    }


def refuse_leakage(found: dict[str, int]) -> None:
    """Raise when anything crosses."""
    if found["groups_crossing"] or found["pairs_crossing"]:
        raise LesionflowError("split: leakage", got=str(found), expected="nothing that crosses train, val and test")


def summarise(table: pd.DataFrame) -> dict[str, object]:
    """Photos, shares and classes of each part."""
    labels = sorted(set(table["label"]))
    parts = {part: table.loc[table["split"] == part, "label"] for part in PARTS}
    return {
        part: {
            "photos": len(here),
            "share": round(len(here) / len(table), 6),
            "classes": {label: int((here == label).sum()) for label in labels},
        }
        for part, here in parts.items()
    }

"""Which classes have enough photos to be learned, and what becomes of the others."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lesionflow.curate.settings import ClassesParams
from lesionflow.errors import LesionflowError


def enforce(
    manifest: pd.DataFrame,
    ingested: pd.DataFrame,
    curated: pd.DataFrame,
    malignant: set[str],
    settings: ClassesParams,
    *,
    parents: Mapping[str, str],
) -> pd.DataFrame:
    """Table classes: counts after each step, and what becomes of the classes under the thresholds.

    Parameters
    ----------
    malignant : the malignant labels.
    parents : label to the group it belongs to, of those that have one.

    Raises
    ------
    LesionflowError : fewer than two classes are left.
    """
    kept = curated[curated["verdict"] == "keep"]
    table = _counts(manifest, ingested, kept)
    table["becomes"] = table.index.where(_enough(table["curated"], table["groups"], settings), None)
    if settings.below == "keep":
        table["becomes"] = table.index.where(table["curated"] > 0, None)
    if settings.below == "merge":
        table = _merged(table, kept, parents, settings)
    counts = kept["label"].map(table["becomes"]).value_counts()
    table["used"] = counts.reindex(table.index).fillna(0).astype(int)
    _refuse_too_few(table, settings)
    table["verdict"] = np.select(
        [table["becomes"].isna(), table["becomes"] == table.index], ["drop", "keep"], default="merge"
    )
    table["reason"] = _reasons(table, settings)
    learned = table["verdict"] == "keep"
    table["class_id"] = learned.cumsum().sub(1).where(learned).astype("Int64")
    # A group with a malignant class in it counts as malignant: to miss one weighs more.
    of_children = set(table.loc[table.index.isin(malignant), "becomes"].dropna())
    table["malignant"] = table.index.isin(malignant | of_children)
    return table.rename_axis("label").reset_index()


def _counts(manifest: pd.DataFrame, ingested: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """Photos of each label after each step, and leakage groups among the curated."""
    stored = set(ingested.loc[ingested["status"] == "stored", "record_id"])
    labels = sorted({*manifest["label"], *kept["label"]})  # people may give a label that no source does
    table = pd.DataFrame(index=pd.Index(labels, dtype=object))
    steps = {
        "in_manifest": manifest["label"].value_counts(),
        "ingested": manifest.loc[manifest["record_id"].isin(stored), "label"].value_counts(),
        "curated": kept["label"].value_counts(),
        "groups": kept.groupby("label")["group"].nunique(),
    }
    for name, counts in steps.items():
        table[name] = counts.reindex(table.index).fillna(0).astype(int)
    return table


def _enough(photos: pd.Series, groups: pd.Series, settings: ClassesParams) -> pd.Series:
    return (photos >= settings.min_images) & (groups >= settings.min_groups)


def _merged(
    table: pd.DataFrame, kept: pd.DataFrame, parents: Mapping[str, str], settings: ClassesParams
) -> pd.DataFrame:
    """Small classes join their parent, where the parent then has enough; a parent of its own photos counts them too."""
    target = table["becomes"].fillna(pd.Series(parents).reindex(table.index))
    joined = kept.assign(target=kept["label"].map(target)).groupby("target")
    enough = _enough(joined.size(), joined["group"].nunique(), settings)
    large = enough.index[enough]
    labels = sorted({*table.index, *large})
    table = table.drop(columns="becomes").reindex(labels, fill_value=0)
    table["becomes"] = target.where(target.isin(large)).reindex(labels)
    table.loc[large, "becomes"] = large
    return table


def _reasons(table: pd.DataFrame, settings: ClassesParams) -> pd.Series:
    few = np.where(
        table["curated"] < settings.min_images,
        f"fewer than {settings.min_images} photos",
        f"fewer than {settings.min_groups} leakage groups",
    )
    few = np.where(table["curated"] == 0, "no photo left", few) if settings.below == "keep" else few
    reasons = pd.Series(few, index=table.index).where(table["verdict"] != "keep", "")
    merged = table["verdict"] == "merge"
    return reasons.where(~merged, reasons + ", merged into " + table["becomes"].fillna(""))


def _refuse_too_few(table: pd.DataFrame, settings: ClassesParams) -> None:
    learned = table["becomes"].nunique()
    if learned < 2:
        counts = ", ".join(f"{label} {count}" for label, count in table["curated"].items())
        raise LesionflowError(
            f"classes: {learned} of {len(table)} have {settings.min_images} photos or more after curation, "
            f"of {settings.min_groups} leakage groups or more",
            got=counts,
            expected="at least two classes to tell apart",
            remedy="Add photos, or lower curate.classes.min_images or min_groups in params.yaml.",
        )

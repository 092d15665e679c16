"""Which classes have enough photos to be learned."""

import pandas as pd

from lesionflow.curate.settings import ClassesParams
from lesionflow.errors import LesionflowError


def enforce(
    manifest: pd.DataFrame, ingested: pd.DataFrame, curated: pd.DataFrame, malignant: set[str], settings: ClassesParams
) -> pd.DataFrame:
    """Table classes: counts after each step, and the classes under the threshold dropped.

    Raises
    ------
    LesionflowError : fewer than two classes are left.
    """
    stored = set(ingested.loc[ingested["status"] == "stored", "record_id"])
    kept = curated[curated["verdict"] == "keep"]
    table = pd.DataFrame({"in_manifest": manifest["label"].value_counts().sort_index()})
    steps = {
        "ingested": manifest.loc[manifest["record_id"].isin(stored), "label"].value_counts(),
        "curated": kept["label"].value_counts(),
        "groups": kept.groupby("label")["group"].nunique(),
    }
    for name, counts in steps.items():
        table[name] = counts.reindex(table.index).fillna(0).astype(int)
    enough = table["curated"] >= settings.min_images
    _refuse_too_few(table, enough, settings)
    table["verdict"] = enough.map({True: "keep", False: "drop"})
    table["reason"] = enough.map({True: "", False: f"fewer than {settings.min_images} photos"})
    table["class_id"] = enough.cumsum().sub(1).where(enough).astype("Int64")
    table["malignant"] = table.index.isin(malignant)
    return table.rename_axis("label").reset_index()


def _refuse_too_few(table: pd.DataFrame, enough: pd.Series, settings: ClassesParams) -> None:
    if enough.sum() < 2:
        counts = ", ".join(f"{label} {count}" for label, count in table["curated"].items())
        raise LesionflowError(
            f"classes: {int(enough.sum())} of {len(table)} have {settings.min_images} photos or more after curation",
            got=counts,
            expected="at least two classes to tell apart",
            remedy="Add photos, or lower curate.classes.min_images in params.yaml.",
        )

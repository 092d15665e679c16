"""What reports/split.json says of a split."""

from typing import Any

import numpy as np
import pandas as pd

from lesionflow.curate.schemes import PARTS
from lesionflow.curate.settings import SplitParams
from lesionflow.curate.splitting import Split


def summarise(split: Split, settings: SplitParams) -> dict[str, object]:
    """Photos, shares and classes of each part, the worst class, and what happened to groups."""
    table = split.table
    labels = sorted(set(table["label"]))
    parts = {part: table.loc[table["split"] == part, "label"] for part in PARTS}
    content: dict[str, object] = {
        part: {
            "photos": len(here),
            "share": round(len(here) / len(table), 6),
            "classes": {label: int((here == label).sum()) for label in labels},
        }
        for part, here in parts.items()
    }
    return content | {
        "scheme": settings.scheme,
        "largest_class_deviation": largest_deviation(table, settings.asked()),
        "groups": _groups(split),
        "set_aside": {"photos": len(split.set_aside), "record_ids": split.set_aside},
        **_held_out(table, settings),
    }


def largest_deviation(table: pd.DataFrame, asked: dict[str, float]) -> dict[str, object]:
    """The class and part whose share lies farthest off the one asked for, in points (hundredths)."""
    rows = table[table["split"].isin(asked)]
    shares = pd.crosstab(rows["label"], rows["split"], normalize="index").reindex(columns=list(asked), fill_value=0.0)
    off = (shares - pd.Series(asked)).abs().to_numpy()
    row, column = map(int, np.unravel_index(off.argmax(), off.shape))
    return {
        "points": round(float(100 * off[row, column]), 4),
        "label": str(shares.index[row]),
        "split": str(shares.columns[column]),
    }


def _groups(split: Split) -> dict[str, int]:
    labels = split.table.groupby("group")["label"].nunique()
    return {
        "all": len(labels),
        "spanning_labels": int((labels > 1).sum()),
        "moved_for_shares": split.moved,
        "frozen": len(split.frozen),
        "frozen_in_several_parts": split.joined,
    }


def _held_out(table: pd.DataFrame, settings: SplitParams) -> dict[str, Any]:
    """Of a source held out: groups of test that other sources share, their photos, and classes that it lacks."""
    if settings.scheme != "leave_source_out":
        return {}
    test = table[table["split"] == "test"]
    others = test[test["source"] != settings.held_out_source]
    return {
        "held_out": {
            "source": settings.held_out_source,
            "groups_of_other_sources": int(others["group"].nunique()),
            "photos_of_other_sources": len(others),
            "classes_absent_from_test": sorted(set(table["label"]) - set(test["label"])),
        }
    }

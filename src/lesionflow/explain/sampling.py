"""Which photos maps are measured on, and which are corrupted: as many of each class as there are, fixed by a seed."""

import pandas as pd

from lesionflow import seeding


def subset(rows: pd.DataFrame, count: int, *, seed: int) -> list[str]:
    """About `count` photos (sha256, sorted), as many of each class as there are; which of a class, the seed decides.

    Parameters
    ----------
    rows : sha256, label and group. Of a leakage group one photo is taken before any gives a second.
    """
    order = [seeding.derive(seed, "subset", sha256) for sha256 in rows["sha256"]]
    drawn = rows.assign(order=order).sort_values(["order", "sha256"])
    drawn["again"] = drawn.groupby("group").cumcount()
    drawn = drawn.sort_values(["again", "order", "sha256"])
    drawn["turn"] = drawn.groupby("label").cumcount()
    return sorted(drawn.sort_values(["turn", "label"]).head(count)["sha256"])

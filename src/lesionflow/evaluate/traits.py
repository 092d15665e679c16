"""What is known of each photo and its person: table traits, from all records of the photo; and subgroups by it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

OF_RECORDS = ("skin_type", "skin_tone", "sex", "age", "body_site", "source")
"""Columns of the manifest that become traits."""
QUALITY = ("1 (blurred)", "2", "3", "4 (sharp)")


def gather(
    split: pd.DataFrame, manifest: pd.DataFrame, ingested: pd.DataFrame, fingerprints: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, dict[str, int]]]:
    """Table traits of the split's photos; and of each trait how many photos it is known, missing or contradicting of.

    A photo may stand in several records (the same bytes under several addresses). What only some of them say holds;
    where two say different things, the trait is missing, since nobody knows which is right.
    """
    records = ingested.loc[ingested["status"] == "stored", ["record_id", "sha256"]]
    records = records[records["sha256"].isin(split["sha256"])].merge(manifest, on="record_id")
    table, counts = split[["sha256"]].copy(), {}
    for name in OF_RECORDS:
        said = records.dropna(subset=[name]).groupby("sha256")[name]
        answers = said.nunique().reindex(split["sha256"]).fillna(0).to_numpy(dtype=int)
        first = said.first().reindex(split["sha256"])
        table[name] = first.where(answers == 1).to_numpy() if name != "skin_type" else _whole(first, answers)
        counts[name] = {f"{word}": int(found) for word, found in zip(
            ("known", "missing", "contradicting"),
            ((answers == 1).sum(), (answers == 0).sum(), (answers > 1).sum()), strict=True,
        )}  # fmt: skip
    sharpness = fingerprints.set_index("sha256")["sharpness"].reindex(split["sha256"])
    table["sharpness"] = sharpness.to_numpy(dtype=float)
    missing = int(sharpness.isna().sum())
    counts["sharpness"] = {"known": len(split) - missing, "missing": missing, "contradicting": 0}
    return table, counts


def _whole(first: "pd.Series[Any]", answers: Any) -> Any:
    return first.astype("Int64").mask(pd.Series(answers != 1, index=first.index)).array


def subgroups(traits: pd.DataFrame, trained: "pd.Series[Any]", *, age_bands: Sequence[float]) -> pd.DataFrame:
    """The subgroup of each photo (row) by each trait (column), in words; missing where the trait is.

    Parameters
    ----------
    trained : by row of `traits`, whether the photo is of the training split; its quartiles of sharpness are the
        borders, so that no test photo decides over them.
    age_bands : years at which a band begins, ascending.
    """
    age, tone = traits["age"], traits["skin_tone"]
    borders = traits.loc[trained.to_numpy(dtype=bool), "sharpness"].quantile([0.25, 0.5, 0.75])
    # A tone is on its source's own scale: the same number of two sources is not one tone.
    tones = traits["source"].astype(object) + ": " + tone.map("{:g}".format, na_action="ignore").astype(object)
    return pd.DataFrame(
        {
            "skin_type": traits["skin_type"].map("{:d}".format, na_action="ignore").astype(object),
            "skin_tone": tones,
            "sex": traits["sex"].astype(object),
            "age": _cut(age, list(age_bands), _band_names(age_bands)),
            "body_site": traits["body_site"].astype(object),
            "source": traits["source"].astype(object),
            "sharpness": _cut(traits["sharpness"], list(borders), QUALITY),
        }
    )


def _band_names(starts: Sequence[float]) -> list[str]:
    """Names of the bands, which begin at 0 and at each start.

    >>> _band_names([30, 60])
    ['under 30', '30 to under 60', '60 and over']
    """
    if not starts:
        return ["all ages"]
    between = [f"{start:g} to under {end:g}" for start, end in pairwise(starts)]
    return [f"under {starts[0]:g}", *between, f"{starts[-1]:g} and over"]


def _cut(values: "pd.Series[Any]", borders: Sequence[float], names: Sequence[str]) -> "pd.Series[Any]":
    """The name of the band that each value lies in; a band holds its lower border."""
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    known = np.isfinite(numbers) & np.isfinite(np.asarray(borders, dtype=float)).all()
    bands = np.asarray(names, dtype=object)[np.searchsorted(borders, numbers, "right").clip(0, len(names) - 1)]
    return pd.Series(np.where(known, bands, None), index=values.index, dtype=object)

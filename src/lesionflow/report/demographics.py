"""Whom the photos show: counts by skin, age, sex and site, in the manifests and in each part of the split."""

from collections.abc import Iterator

import pandas as pd

from lesionflow.report import figures
from lesionflow.report.grids import Grid
from lesionflow.report.inputs import Data

TRAITS = {"skin_type": "Skin type (Fitzpatrick)", "body_site": "Body site", "sex": "Sex", "age": "Age, years"}
PARTS = ("train", "val", "test")
NOT_RECORDED = "not recorded"
YEARS = 20
"""Years of an age band."""


def recorded(data: Data) -> Iterator[tuple[str, pd.DataFrame]]:
    """Name and `counts` of each trait of which some record says something, in a fixed order."""
    for trait, name in TRAITS.items():
        found = counts(data, trait)
        if not set(found["value"]) <= {NOT_RECORDED}:
            yield name, found


def tables(data: Data) -> Iterator[tuple[str, Grid]]:
    """The same as texts."""
    for name, found in recorded(data):
        yield name, table(name, found)


def table(name: str, found: pd.DataFrame) -> Grid:
    """The counts of one trait as texts."""
    numbers = found[["manifest", *PARTS]].to_numpy().tolist()
    rows = [[str(value), *(f"{one:,}" for one in row)] for value, row in zip(found["value"], numbers, strict=True)]
    return Grid([name, "Manifest rows", "Train", "Validation", "Test"], rows)


def counts(data: Data, trait: str) -> pd.DataFrame:
    """Rows of the manifests and photos of each part, by value of a trait; what is not recorded comes last.

    Columns: value, manifest, train, val, test.
    """
    parts = data.split[["sha256", "split"]].merge(data.traits[["sha256", trait]], on="sha256", how="left")
    before = _values(data.manifest[trait], trait).value_counts().rename("manifest")
    after = pd.crosstab(_values(parts[trait], trait), parts["split"]).reindex(columns=list(PARTS), fill_value=0)
    joined = pd.concat([before, after], axis="columns").fillna(0).astype(int)
    order = sorted(joined.index, key=_place)
    return joined.loc[order].rename_axis("value").reset_index()


def _place(value: str) -> tuple[bool, int, str]:
    start = value.partition("-")[0]
    return value == NOT_RECORDED, int(start) if start.isdecimal() else 0, value


def _values(column: "pd.Series[str]", trait: str) -> "pd.Series[str]":
    """What each photo has of a trait, as text that sorts as people would."""
    if trait == "age":
        start = (column.astype(float) // YEARS * YEARS).astype("Int64")
        text = start.map(lambda low: f"{low}-{low + YEARS - 1}", na_action="ignore")
    else:
        text = column.map(lambda value: figures.words(str(value)), na_action="ignore")
    return text.astype(object).where(column.notna(), NOT_RECORDED)

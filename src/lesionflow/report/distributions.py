"""Whom the photos show: skin, age, sex and site, in the manifests and in each part of the split."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from lesionflow.report import figures, plots
from lesionflow.report.drawing import Chart
from lesionflow.report.inputs import Data
from lesionflow.report.trust import Grid

TRAITS = {"skin_type": "Skin type (Fitzpatrick)", "body_site": "Body site", "sex": "Sex", "age": "Age, years"}
PARTS = ("train", "val", "test")
NOT_RECORDED = "not recorded"
YEARS = 20
"""Years of an age band."""


@dataclass(frozen=True)
class Distribution:
    """One trait: its chart, and its table with a row a value."""

    name: str
    chart: Chart
    table: Grid


def of(data: Data) -> list[Distribution]:
    """The traits in a fixed order; those of which no record says anything are left out."""
    return list(_told(data))


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


def _told(data: Data) -> Iterator[Distribution]:
    for trait, name in TRAITS.items():
        found = counts(data, trait)
        if set(found["value"]) <= {NOT_RECORDED}:
            continue
        heads = [name, "Manifest rows", "Train", "Validation", "Test"]
        rows = [[str(row["value"]), *(f"{row[part]:,}" for part in ("manifest", *PARTS))] for row in _records(found)]
        yield Distribution(name, plots.distribution(found, name=name), Grid(heads, rows))


def _records(frame: pd.DataFrame) -> list[dict[str, object]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


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

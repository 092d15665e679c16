"""The photos that a person should look at, as the page shows them: counts by kind, and the top of the list."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lesionflow.errors import LesionflowError
from lesionflow.report import figures

TOP = 20
"""Rows that the page shows; review.csv has them all."""
NAMES = {"label_error": "Label may be wrong", "off_topic": "Unlike its class"}
COUNTS = ("judged", "found", "reviewed", "listed", "left_out")


@dataclass(frozen=True)
class Kind:
    """Photos of one kind; `not_judged` names the classes of which photos could not be judged, with their counts."""

    name: str
    judged: int
    found: int
    reviewed: int
    listed: int
    left_out: int
    not_judged: str


@dataclass(frozen=True)
class Row:
    """One photo of the list; score with three significant digits."""

    record_id: str
    kind: str
    rank: int
    label: str
    suggested: str
    score: str
    evidence: str


@dataclass(frozen=True)
class Shortlist:
    """What the template shows of the review."""

    model: str
    kinds: list[Kind]
    rows: list[Row]
    listed: int


def of(table: pd.DataFrame, counts: Mapping[str, Any]) -> Shortlist:
    """The section's content.

    Parameters
    ----------
    table : table review. Of each rank, label errors stand before photos unlike their class.
    counts : of reports/review.json.

    Raises
    ------
    LesionflowError : the table holds other numbers of photos than the counts say, or another kind: they are of
        different runs.
    """
    listed = {kind: int(counts["kinds"].get(kind, {}).get("listed", 0)) for kind in NAMES}
    present = {str(kind): int(rows) for kind, rows in table["kind"].value_counts().items()}
    if present != {kind: rows for kind, rows in listed.items() if rows}:
        raise LesionflowError(
            "outputs/review.parquet: rows by kind", got=str(present), expected=f"as reports/review.json says, {listed}",
            remedy="The files are of different runs: `dvc repro -f review`.",
        )  # fmt: skip
    top = table.sort_values(["rank", "kind"]).head(TOP)
    kinds = [_kind(NAMES[kind], counts["kinds"][kind]) for kind in NAMES if kind in counts["kinds"]]
    return Shortlist(str(counts["model"]), kinds, [_row(row) for _, row in top.iterrows()], len(table))


def _kind(name: str, counts: Mapping[str, Any]) -> Kind:
    skipped = ", ".join(f"{figures.words(label)} {photos:,}" for label, photos in counts["not_judged"].items())
    judged, found, reviewed, listed, left_out = (int(counts[key]) for key in COUNTS)
    return Kind(name, judged, found, reviewed, listed, left_out, skipped)


def _row(row: Any) -> Row:
    suggested = "" if pd.isna(row["suggested"]) else str(row["suggested"])
    score = f"{row['score']:.3g}"
    return Row(row["record_id"], NAMES[row["kind"]], int(row["rank"]), row["label"], suggested, score, row["evidence"])

"""Photos as a gallery names them: whose rows they are, under which labels, from where, and what became of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lesionflow.errors import LesionflowError
from lesionflow.report import figures


@dataclass(frozen=True, order=True)
class Origin:
    """Where a photo comes from, and on what terms."""

    source: str
    licence: str
    attribution: str


@dataclass(frozen=True)
class Card:
    """One photo. Labels and origins are those of all its rows, `others` how many rows there are besides `record_id`."""

    sha256: str | None
    """None when no photo was stored."""
    record_id: str
    others: int
    labels: list[str]
    origins: list[Origin]
    kept: bool
    verdict: str


class Catalogue:
    """The rows of table curated, by photo.

    `rows` has of table ingested also licence, attribution, and failure: why a photo was not stored, in words.
    """

    def __init__(self, curated: pd.DataFrame, ingested: pd.DataFrame) -> None:
        failure = ingested["reason"].map(figures.words) + ": " + ingested["detail"]
        credit = ingested[["record_id", "licence", "attribution"]].assign(failure=failure.str.removesuffix(": "))
        self.rows = curated.merge(credit, on="record_id", how="left").sort_values("record_id", ignore_index=True)
        self._places = self.rows.groupby("sha256").indices

    def photo(self, sha256: str) -> Card:
        """The card of a photo, over all its rows.

        Raises
        ------
        LesionflowError : table curated has no such photo.
        """
        return card(self._of(sha256))

    def kept_instead(self, photos: Iterable[str]) -> str:
        """The record that was kept of the photos' cluster, if it is of none of them; else ""."""
        of = pd.concat([self._of(sha256) for sha256 in photos])
        kept = set(of["kept_record_id"].dropna()) - set(of["record_id"])
        return str(min(kept, default=""))

    def _of(self, sha256: str) -> pd.DataFrame:
        if sha256 not in self._places:
            raise LesionflowError(
                f"outputs/curated.parquet: photo {sha256}",
                got="no row",
                expected="a row of each photo that was paired or listed for review",
                remedy="The tables are of different runs: run `dvc repro`.",
            )
        return self.rows.iloc[self._places[sha256]]


def card(rows: pd.DataFrame) -> Card:
    """The card of some rows of one photo, at least one; the kept one, or else the first, gives it its name."""
    records = sorted(rows.to_dict("records"), key=lambda row: (row["verdict"] != "keep", row["record_id"]))
    first = records[0]
    kept = first["verdict"] == "keep"
    return Card(
        sha256=None if pd.isna(first["sha256"]) else str(first["sha256"]),
        record_id=str(first["record_id"]),
        others=len(records) - 1,
        labels=list(dict.fromkeys(str(row["label"]) for row in records)),
        origins=sorted({_origin(row) for row in records}),
        kept=kept,
        verdict="kept" if kept else figures.words(str(first["reason"])),
    )


def _origin(row: Any) -> Origin:
    return Origin(*("" if pd.isna(row[name]) else str(row[name]) for name in ("source", "licence", "attribution")))

"""Rows of data/decisions.csv, ready to copy, for what a person may find wrong in what curation did."""

import csv
import io
from collections.abc import Iterable

import pandas as pd

from lesionflow.curate.decisions import COLUMNS, Decision
from lesionflow.curate.duplicates import DUPLICATE, SAME_SCENE
from lesionflow.curate.reasons import Reason

Proposal = tuple[str, str]
"""When it is right, and the rows."""
HEADER = ",".join(COLUMNS)


def for_pairs(pairs: pd.DataFrame) -> dict[tuple[str, str], list[Proposal]]:
    """By sha256_a and sha256_b, of the pairs that were joined."""
    return {
        (str(first), str(second)): _apart(str(first), str(second), str(relation))
        for first, second, relation in zip(pairs["sha256_a"], pairs["sha256_b"], pairs["relation"], strict=True)
        if relation in (DUPLICATE, SAME_SCENE)
    }


def _apart(first: str, second: str, relation: str) -> list[Proposal]:
    different = ("They show different things", _row(Decision.NOT_DUPLICATE, first, other=second))
    both = ("Both are worth keeping, in one group", _row(Decision.KEEP_BOTH, first, other=second))
    return [different, both] if relation == DUPLICATE else [different]


def for_clusters(curated: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, list[Proposal]]:
    """By cluster, of those whose labels conflict: for each label that it is right, the most frequent first."""
    rows = curated[curated["reason"] == str(Reason.CONFLICTING_LABELS)]
    joined = pairs[pairs["relation"] == DUPLICATE]
    return {str(cluster): _settled(copies, joined) for cluster, copies in rows.groupby("cluster", sort=True)}


def _settled(copies: pd.DataFrame, joined: pd.DataFrame) -> list[Proposal]:
    labels = copies.groupby("sha256", sort=True)["label"].agg(set)
    counts = copies["label"].value_counts().rename_axis("label").reset_index(name="rows")
    ordered = counts.sort_values(["rows", "label"], ascending=[False, True])["label"]
    proposals = [
        (
            f"It is {label}",
            _rows(_row(Decision.RELABEL, photo, label=label) for photo in labels.index[labels != {label}]),
        )
        for label in ordered
    ]
    between = joined[joined["sha256_a"].isin(labels.index) & joined["sha256_b"].isin(labels.index)]
    apart = [
        _row(Decision.NOT_DUPLICATE, first, other=second)
        for first, second in zip(between["sha256_a"], between["sha256_b"], strict=True)
        if labels[first] != labels[second]
    ]
    return proposals + ([("They show different things", _rows(apart))] if apart else [])


def for_review(review: pd.DataFrame) -> dict[str, list[Proposal]]:
    """By sha256, of the photos that are listed for review."""
    suggested = review.dropna(subset=["suggested"]).set_index("sha256")["suggested"]
    return {photo: _reviewed(photo, suggested.get(photo)) for photo in sorted(set(review["sha256"]))}


def _reviewed(photo: str, suggested: str | None) -> list[Proposal]:
    other = [(f"It is {suggested}", _row(Decision.RELABEL, photo, label=suggested))] if suggested else []
    right, unfit = ("The label is right", Decision.CONFIRM), ("It should not be used", Decision.DROP)
    return [(right[0], _row(right[1], photo)), *other, (unfit[0], _row(unfit[1], photo))]


def _row(decision: Decision, sha256: str, *, other: str = "", label: str = "") -> str:
    text = io.StringIO()
    cells = {"decision": str(decision), "sha256": sha256, "other": other, "label": label, "note": ""}
    csv.DictWriter(text, COLUMNS, lineterminator="").writerow(cells)
    return text.getvalue()


def _rows(rows: Iterable[str]) -> str:
    return "\n".join(rows)

"""Rows of data/decisions.csv, ready to copy, for what a person may find wrong in what curation did."""

import csv
import io
from collections import Counter
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
    labels: dict[str, dict[str, list[str]]] = {}  # of each photo of each cluster
    for cluster, photo, label in sorted(zip(rows["cluster"], rows["sha256"], rows["label"], strict=True)):
        labels.setdefault(cluster, {}).setdefault(photo, []).append(label)
    cluster_of = {photo: cluster for cluster, photos in labels.items() for photo in photos}
    joined: dict[str, list[tuple[str, str]]] = {}
    for first, second, relation in zip(pairs["sha256_a"], pairs["sha256_b"], pairs["relation"], strict=True):
        if relation == DUPLICATE and first in cluster_of and second in cluster_of:
            joined.setdefault(cluster_of[first], []).append((first, second))
    return {cluster: _settled(photos, joined.get(cluster, [])) for cluster, photos in labels.items()}


def _settled(photos: dict[str, list[str]], joined: list[tuple[str, str]]) -> list[Proposal]:
    counts = Counter(label for labels in photos.values() for label in labels)
    proposals = []
    for right in sorted(counts, key=lambda label: (-counts[label], label)):
        wrong = [photo for photo, labels in photos.items() if set(labels) != {right}]
        proposals.append((f"It is {right}", _rows(_row(Decision.RELABEL, photo, label=right) for photo in wrong)))
    apart = [pair for pair in joined if set(photos[pair[0]]) != set(photos[pair[1]])]
    rows = _rows(_row(Decision.NOT_DUPLICATE, first, other=second) for first, second in apart)
    return proposals + ([("They show different things", rows)] if apart else [])


def for_review(review: pd.DataFrame) -> dict[str, list[Proposal]]:
    """By sha256, of the photos that are listed for review."""
    doubted = review.dropna(subset=["suggested"]).sort_values(["rank", "kind"]).drop_duplicates("sha256")
    suggested = doubted.set_index("sha256")["suggested"]
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

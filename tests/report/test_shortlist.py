import pandas as pd
import pytest

from lesionflow import tables
from lesionflow.errors import LesionflowError
from lesionflow.report import inputs, shortlist


def read(root):
    data = inputs.data(root / "outputs", root / "reports")
    return data.review, data.review_counts


def test_counts_and_rows_are_told_most_suspicious_first(root):
    shown = shortlist.of(*read(root))
    assert shown.model == "first"
    assert [(kind.name, kind.found, kind.listed, kind.not_judged) for kind in shown.kinds] == [
        ("Label may be wrong", 4, 2, ""),
        ("Unlike its class", 1, 1, "nevus 1"),
    ]
    # Of the first ranks the label error comes first; 0.012345 has three significant digits.
    assert [(row.kind, row.rank, row.suggested, row.score) for row in shown.rows] == [
        ("Label may be wrong", 1, "nevus", "0.0123"),
        ("Unlike its class", 1, "", "0.05"),
        ("Label may be wrong", 2, "nevus", "0.2"),
    ]


def test_no_more_than_the_top_is_shown(root):
    table, counts = read(root)
    doubted = table[table["rank"] == 2]
    many = pd.concat([doubted.assign(rank=rank) for rank in range(1, 31)])
    counts["kinds"]["label_error"]["listed"], counts["kinds"]["off_topic"]["listed"] = 30, 0
    shown = shortlist.of(many, counts)
    assert ([row.rank for row in shown.rows], shown.listed) == (list(range(1, 21)), 30)


def test_list_and_counts_of_different_runs_are_refused(root):
    _, counts = read(root)
    with pytest.raises(LesionflowError, match=r"review\.parquet: rows by kind\n  got:      {}"):
        shortlist.of(tables.REVIEW.empty(), counts)

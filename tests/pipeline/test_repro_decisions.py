"""Decisions and the proof of the split, through the real stages."""

import json

import pandas as pd

from lesionflow import tables
from tests.pipeline.conftest import TINY


def test_proof_that_nothing_crosses_is_written(done):
    told = json.loads((done.folder / "reports/leakage.json").read_text())
    split = tables.read(done.folder / "outputs/split.parquet", tables.SPLIT)
    assert told["groups"] == split["group"].nunique()
    assert told["wider_search_pairs"] > 0
    assert told["groups_crossing"] == told["pairs_crossing"] == told["wider_search_crossing"] == 0


def test_decisions_settle_conflicts_and_what_was_looked_at_is_not_listed_again(done, tmp_path):
    project = done.copy(tmp_path / "project")
    conflicts = pd.read_csv(project.folder / "reports/conflicts.csv")
    listed = tables.read(project.folder / "outputs/review.parquet", tables.REVIEW)
    # The two planted conflicts: bytes that stand under two labels each.
    assert conflicts["sha256"].value_counts().tolist() == [2, 2]
    decided, seen = conflicts["sha256"].iloc[0], listed["sha256"].iloc[0]
    rows = f"decision,sha256,label\nrelabel,{decided},melanoma\nconfirm,{seen},\n"
    (project.folder / "data/decisions.csv").write_text(rows)
    project.run("python", "stages/curate.py")
    project.run("python", "stages/review.py", next(iter(TINY)))
    assert decided not in set(pd.read_csv(project.folder / "reports/conflicts.csv")["sha256"])
    curated = tables.read(project.folder / "outputs/curated.parquet", tables.CURATED).set_index("sha256")
    assert set(curated.loc[decided, "label"]) == {"melanoma"}
    assert sorted(curated.loc[decided, "reason"]) == ["", "exact_duplicate"]
    assert seen not in set(tables.read(project.folder / "outputs/review.parquet", tables.REVIEW)["sha256"])


def test_a_bad_decision_is_named_by_file_and_row(done, tmp_path):
    project = done.copy(tmp_path / "project")
    (project.folder / "data/decisions.csv").write_text("decision,sha256\nkeep,1\n")
    failed = project.run("python", "stages/curate.py", check=False)
    assert failed.returncode == 1
    assert failed.stderr.startswith("error: data/decisions.csv: row 2: decision\n  got:      'keep'\n")

import pandas as pd
import pytest

from lesionflow import files, tables
from lesionflow.curate import freezing, frozen
from lesionflow.errors import LesionflowError

MANIFESTS = freezing.Path("data/manifests")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A folder after a run that split clinic:1 and clinic:2 by shares; returns a function that changes its report."""
    monkeypatch.chdir(tmp_path)
    MANIFESTS.mkdir(parents=True)
    (MANIFESTS / "clinic.csv").write_text("")
    split = pd.DataFrame(
        {"sha256": ["s1", "s2"], "record_id": ["clinic:1", "clinic:2"], "label": "a", "class_id": 0,
         "group": ["g", "h"], "split": ["test", "train"]}
    )  # fmt: skip
    tables.write(split, freezing.SPLIT, tables.SPLIT)
    files.write_json({"scheme": "shares"}, freezing.REPORT)
    return lambda **report: files.write_json(report, freezing.REPORT)


def test_the_last_run_is_frozen_and_told(run):
    told = freezing.freeze(freezing.of_last_run(), MANIFESTS)
    assert told == "data/manifests/frozen/split.csv: 2 photos keep their part (train 1, val 0, test 1); 0 did before"
    expected = [["clinic:1", "s1", "test"], ["clinic:2", "s2", "train"]]
    assert frozen.read(MANIFESTS).to_numpy().tolist() == expected


def test_freezing_twice_changes_nothing(run):
    freezing.freeze(freezing.of_last_run(), MANIFESTS)
    before = (MANIFESTS / frozen.LEDGER).read_bytes()
    assert freezing.freeze(freezing.of_last_run(), MANIFESTS).endswith("; 2 did before")
    assert (MANIFESTS / frozen.LEDGER).read_bytes() == before


def test_without_a_run_there_is_nothing_to_freeze(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LesionflowError, match="no such table"):
        freezing.of_last_run()
    assert freezing.of_grown_data(MANIFESTS) is None


def test_folds_are_not_frozen(run):
    run(scheme="folds")
    with pytest.raises(LesionflowError, match=r"not a split to freeze\n  got:      scheme folds"):
        freezing.of_last_run()
    assert freezing.of_grown_data(MANIFESTS) is None


def test_a_report_from_before_there_were_schemes_is_of_shares(run):
    run(train={})
    assert len(freezing.of_last_run()) == 2


def test_growth_is_of_manifests_that_the_run_knew(run):
    assert len(freezing.of_grown_data(MANIFESTS)) == 2
    # Other data in its place, as when the sample is replaced.
    (MANIFESTS / "clinic.csv").rename(MANIFESTS / "other.csv")
    assert freezing.of_grown_data(MANIFESTS) is None


@pytest.mark.parametrize("revision", ["HEAD", "--help"])
def test_a_revision_that_dvc_cannot_get_is_told(run, revision):
    with pytest.raises(LesionflowError, match=f"outputs/split.parquet of revision '{revision}': DVC cannot get it"):
        freezing.of_revision(revision)

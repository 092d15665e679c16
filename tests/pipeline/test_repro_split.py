"""Growth through the real pipeline: what is frozen keeps its part, and a run from scratch ends in the same files."""

import shutil

import pandas as pd
import pytest

from lesionflow import files, tables
from tests.pipeline.test_repro import add_manifest, outs

ADDED = 60
COMMIT = ("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "a run")


def parts(project):
    return tables.read(project.folder / "outputs/split.parquet", tables.SPLIT).set_index("record_id")["split"]


@pytest.fixture(scope="module")
def grown(fresh, tmp_path_factory):
    """A project after a run, a freeze of that run's commit, a data update and a second run; the first run's parts."""
    project = fresh.copy(tmp_path_factory.mktemp("frozen") / "project")
    path = add_manifest(project, ADDED)
    update = path.with_name("update.csv")
    later = update.rename(project.folder / "later.csv")
    project.run("dvc", "repro", "split")
    before = parts(project)
    project.run("git", "add", "-A")
    project.run(*COMMIT)
    (project.folder / "outputs/split.parquet").unlink()
    told = project.run("python", "-m", "lesionflow", "freeze-split", "--rev", "HEAD").stdout
    later.rename(update)
    project.run("dvc", "repro", "split")
    return project, before, told


def test_photos_keep_their_part_when_data_is_added(grown):
    project, before, told = grown
    after = parts(project)
    summary = files.read_json(project.folder / "reports/split.json")
    # Where the update holds a better copy of a photo, the copy stands in its place. One conflicting label is planted,
    # and one patient of the update has copies in train and in val.
    curated = tables.read(project.folder / "outputs/curated.parquet", tables.CURATED).set_index("record_id")
    now = curated["kept_record_id"].fillna(pd.Series(curated.index, curated.index))[before.index]
    present = now.isin(after.index).to_numpy()
    assert set(now[~present]) == {"synthetic_web:conflict0", *summary["set_aside"]["record_ids"]}
    assert summary["groups"]["frozen_in_several_parts"] == summary["set_aside"]["photos"] == 1
    assert after[now[present]].tolist() == before[present].tolist()
    assert len(after) > len(before)
    assert told.startswith(f"data/manifests/frozen/split.csv: {len(before)} photos keep their part (train ")
    assert told.endswith("; 0 did before\nNext: dvc add data && dvc repro\n")


def test_a_run_from_scratch_ends_in_the_same_files(grown, fresh, tmp_path):
    project, _, _ = grown
    scratch = fresh.copy(tmp_path / "scratch")
    shutil.rmtree(scratch.folder / "data")
    shutil.copytree(project.folder / "data", scratch.folder / "data")
    scratch.run("dvc", "repro", "split")
    assert outs(scratch, "split") == outs(project, "split")


def test_a_split_of_folds_passes_its_gate_and_is_not_frozen(grown, tmp_path):
    project = grown[0].copy(tmp_path / "folds")
    project.set_params(curate__split__scheme="folds", curate__split__folds=4, curate__split__fold=1)
    project.run("dvc", "repro", "validate@split")
    shares = pd.Series(parts(project)).value_counts(normalize=True)
    # Of 4 folds, 2 are train; each class within 2 points, where its groups allow.
    assert shares["train"] == pytest.approx(0.5, abs=0.05)
    refused = project.run("python", "-m", "lesionflow", "freeze-split", check=False)
    assert refused.returncode == 1
    assert "got:      scheme folds" in refused.stderr


def test_the_source_held_out_is_test_and_its_split_passes_the_gate(grown, tmp_path):
    project = grown[0].copy(tmp_path / "held_out")
    held_out = "synthetic_clinic"
    project.set_params(curate__split__scheme="leave_source_out", curate__split__held_out_source=held_out)
    project.run("dvc", "repro", "validate@split")
    curated = tables.read(project.folder / "outputs/curated.parquet", tables.CURATED).set_index("record_id")
    split = parts(project)
    assert set(split[curated["source"].reindex(split.index) == held_out]) == {"test"}
    assert (split == "train").any()

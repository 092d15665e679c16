"""The real `dvc repro` on a small copy: it completes, repeats itself byte for byte, and grows as if from scratch."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml

from lesionflow import tables
from tests.pipeline.conftest import TINY

CLASSIFIERS = [f"{slug}-tuned" for slug in TINY]


def outs(project, stage):
    """Path to hash of a stage's outputs, from dvc.lock."""
    lock = yaml.safe_load((project.folder / "dvc.lock").read_text())
    return {out["path"]: out["md5"] for out in lock["stages"][stage]["outs"]}


def all_outs(project):
    lock = yaml.safe_load((project.folder / "dvc.lock").read_text())
    return {out["path"]: out["md5"] for stage in lock["stages"].values() for out in stage["outs"]}


def test_every_stage_leaves_its_outputs(done):
    assert (done.folder / "reports/index.html").stat().st_size > 1000
    board = pd.read_csv(done.folder / "reports/leaderboard.csv")
    assert set(board["model"]) == {*CLASSIFIERS, "tiny_pair-tuned"}


def test_counts_reconcile_from_manifest_to_split(done):
    manifest = tables.read(done.folder / "outputs/manifest.parquet", tables.MANIFEST)
    curated = tables.read(done.folder / "outputs/curated.parquet", tables.CURATED)
    classes = tables.read(done.folder / "outputs/classes.parquet", tables.CLASSES)
    split = tables.read(done.folder / "outputs/split.parquet", tables.SPLIT)
    assert set(manifest["record_id"]) == set(curated["record_id"])
    assert (curated.loc[curated["verdict"] == "drop", "reason"] != "").all()
    assert classes["in_manifest"].sum() == len(manifest)
    assert classes["curated"].sum() == (curated["verdict"] == "keep").sum()
    assert classes.loc[classes["verdict"] == "keep", "curated"].sum() == len(split)


def test_planted_copies_never_stay_beside_their_original(done):
    curated = tables.read(done.folder / "outputs/curated.parquet", tables.CURATED)
    kept = curated[curated["verdict"] == "keep"]
    assert kept["sha256"].is_unique
    assert (curated["reason"] == "exact_duplicate").any()
    assert (curated["reason"] == "near_duplicate").any()


def test_photos_for_review_are_of_the_split_and_judged_by_the_first_active_model(done):
    split = tables.read(done.folder / "outputs/split.parquet", tables.SPLIT)
    review = tables.read(done.folder / "outputs/review.parquet", tables.REVIEW)
    told = json.loads((done.folder / "reports/review.json").read_text())
    assert set(review["sha256"]) <= set(split["sha256"])
    assert (told["model"], told["photos"]) == (next(iter(TINY)), len(split))
    assert sum(kind["listed"] for kind in told["kinds"].values()) == len(review) > 0
    assert len(pd.read_csv(done.folder / "reports/review.csv")) == len(review)


def test_what_curation_did_can_be_looked_at_and_stays_out_of_git(done):
    folder = done.folder / "reports/curation"
    page = (folder / "index.html").read_text()
    pictures = set(re.findall(r'src="(pictures/[^"]+)"', page))
    assert pictures == {path.relative_to(folder).as_posix() for path in (folder / "pictures").iterdir()}
    assert "near-mirrored0" in page
    assert "Exact duplicate" in page
    assert 'href="curation/index.html"' in (done.folder / "reports/index.html").read_text()
    assert "reports/curation/" not in done.run("git", "status", "--porcelain", "--untracked-files=all").stdout


def test_every_classifier_has_a_verdict_and_a_page_of_its_explanation(done):
    for name in (*CLASSIFIERS, "tiny_pair-tuned"):
        told = json.loads((done.folder / f"reports/explain/{name}.json").read_text())
        assert isinstance(told["shortcut_audit_fails"], bool)
        failed = [check["check"] for check in told["verdict"]["checks"] if check["holds"] is False]
        assert [fail["check"] for fail in told["verdict"]["fails"]] == failed
        # As it is, with its border only, with its lesion covered, and 13 corruptions of one severity.
        assert len(told["audit"]) == 16
        page = (done.folder / f"reports/explanation/{name}/index.html").read_text()
        pictures = set(re.findall(r'src="([^"]+)"', page))
        assert all((done.folder / f"reports/explanation/{name}" / picture).is_file() for picture in pictures)
        # A pair has no heat maps of its own.
        assert bool(pictures) == ("faithfulness" in told) == (name in CLASSIFIERS)
    # DVC lists the folders in a .gitignore beside them.
    assert "reports/explanation/tiny" not in done.run("git", "status", "--porcelain", "--untracked-files=all").stdout


def test_a_second_run_does_nothing(done):
    assert "Data and pipelines are up to date" in done.run("dvc", "repro").stdout


def test_metrics_and_plots_are_shown(done):
    shown = json.loads(done.run("dvc", "metrics", "show", "--json").stdout)
    files = shown[""]["data"]
    assert set(files["reports/metrics/tiny_cnn-tuned.json"]["data"]["test"]["balanced_accuracy"]) == {
        "value",
        "low",
        "high",
    }
    plots = json.loads(done.run("dvc", "plots", "show", "--json").stdout)
    assert "errors" not in plots
    files = [f"reports/{kind}/{name}.csv" for kind in ("history", "confusion", "risk") for name in CLASSIFIERS]
    pair = {f"reports/{kind}/tiny_pair-tuned.csv" for kind in ("confusion", "risk")}
    assert set(plots["data"]) == {*files, *pair, "Photos per class"}


def add_manifest(project, rows):
    """Move the last rows of one manifest into a new manifest file, as a data update does; returns how many."""
    path = max((project.folder / "data/manifests").glob("*.csv"), key=lambda file: file.stat().st_size)
    with path.open(newline="", encoding="utf-8") as file:
        header, *body = list(csv.reader(file))
    for name, part in ((path, body[:-rows]), (path.with_name("update.csv"), body[-rows:])):
        with name.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *part])
    return path


def kill_after(project, seconds, log):
    """Start `dvc repro` and end it and all its stages, as a power cut would."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(project.folder / "src"),
    }
    with log.open("a") as file:
        run = subprocess.Popen(
            ["dvc", "repro"], cwd=project.folder, env=environment, stdout=file, stderr=file, start_new_session=True
        )
        time.sleep(seconds)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()


def forget_half_a_lock(project):
    """DVC writes dvc.lock in place. When that was cut off, do what the tutorial says; no lock was committed here."""
    status = project.run("dvc", "status", check=False)
    if status.returncode:
        assert "dvc.lock" in status.stderr
        (project.folder / "dvc.lock").unlink()


@pytest.fixture(scope="module")
def grown(fresh, tmp_path_factory):
    """A project of one classifier whose first run was killed three times and whose data then grew by some rows."""
    folder = tmp_path_factory.mktemp("grown")
    project = fresh.copy(folder / "project")
    project.set_params(active=[next(iter(TINY))], joined=[])
    path = max((project.folder / "data/manifests").glob("*.csv"), key=lambda file: file.stat().st_size)
    whole = path.read_bytes()
    add_manifest(project, 12).with_name("update.csv").unlink()
    for seconds in (4, 20, 40):
        kill_after(project, seconds, folder / "log")
        forget_half_a_lock(project)
    project.run("dvc", "repro")
    before = all_outs(project)
    path.write_bytes(whole)
    project.run("dvc", "repro")
    return project, before


def test_runs_that_were_killed_and_data_that_grew_end_in_the_same_files_as_one_run_from_scratch(grown, done):
    project, before = grown
    found, expected = all_outs(project), all_outs(done)
    # Only what is told of all classifiers together knows how many there are.
    stages = ("compare", "report", "validate_predictions", "document_validation", f"write_model_card@{CLASSIFIERS[0]}")
    together = {path for stage in stages for path in outs(project, stage)}
    alone = {path: md5 for path, md5 in found.items() if path not in together}
    assert alone == {path: expected[path] for path in alone}
    assert before.keys() == found.keys()
    assert before["outputs/split.parquet"] != found["outputs/split.parquet"]


def test_forced_run_leaves_the_lock_file_as_it_was(grown, tmp_path):
    again = grown[0].copy(tmp_path / "project")
    before = (again.folder / "dvc.lock").read_bytes()
    again.run("dvc", "repro", "--force")
    assert (again.folder / "dvc.lock").read_bytes() == before


def test_a_lock_that_was_cut_off_costs_no_heat_map(done, tmp_path):
    project = done.copy(tmp_path / "project")
    lock = project.folder / "dvc.lock"
    whole = lock.read_bytes()
    cut = whole.index(b"- path:", len(whole) // 2) + len(b"- path:")
    lock.write_bytes(whole[:cut])
    failed = project.run("dvc", "repro", check=False)
    assert failed.returncode
    assert "dvc.lock" in failed.stderr
    lock.unlink()
    found = project.run("dvc", "repro").stdout
    assert lock.read_bytes() == whole
    for name in CLASSIFIERS:
        assert f"Stage 'explain@{name}' is cached - skipping run" in found


def test_a_bad_manifest_stops_with_one_message_and_leaves_nothing_half_written(fresh, tmp_path):
    project = fresh.copy(tmp_path / "project")
    path = next((project.folder / "data/manifests").glob("*.csv"))
    path.write_text("id,source,licence\n1,a,CC0-1.0\n")
    failed = project.run("dvc", "repro", check=False)
    assert failed.returncode != 0
    assert path.name in failed.stderr
    assert "url" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not (project.folder / "outputs/manifest.parquet").exists()

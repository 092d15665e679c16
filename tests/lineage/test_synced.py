"""`lesionflow sync` on a real git repository with a real DVC remote."""

import os
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
import yaml
from mlflow import MlflowClient

from lesionflow.adapters import content
from lesionflow.errors import LesionflowError
from lesionflow.lineage import synced
from lesionflow.lineage.revisions import commit_of
from tests.adapters import sound_results
from tests.adapters.sound_results import put

PARAMS = {
    "active": ["cnn"],
    "active_recipes": ["study", "tuned"],
    "joined": [],
    "models": {"cnn": sound_results.PARAMS["model"]},
    "recipes": {"study": {"hidden": 4}, "tuned": {"hidden": 8}},
    "track": {"experiment": "skin", "registered_prefix": "lesionflow-"},
    "seed": 7,
    **{name: {} for name in ("calibrate", "curate", "evaluate", "extract_features", "subgroups")},
}


def run(folder, *command):
    names = ("AUTHOR_NAME", "COMMITTER_NAME", "AUTHOR_EMAIL", "COMMITTER_EMAIL")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path} | {f"GIT_{name}": "t@example.org" for name in names}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)


def commit(folder, seed):
    """Results of a run with this seed, outputs in DVC and the rest in git."""
    put(folder / "params.yaml", yaml.safe_dump(PARAMS | {"seed": seed}))
    for name in ("cnn-study", "cnn-tuned"):
        put(folder / f"reports/metrics/{name}.json", sound_results.METRICS | {"seed": seed})
    run(folder, "dvc", "add", "--quiet", "outputs")
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "--quiet", "-m", f"seed {seed}")


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone of a repository with two commits of results; its outputs are in a DVC remote only."""
    folder = tmp_path_factory.mktemp("repository")
    root = folder / "work"
    for name in ("cnn-study", "cnn-tuned"):
        sound_results.write(root, name)
        (root / f"outputs/backbones/{name}.json").rename(root / "outputs/backbones/cnn.json")
    put(root / "src/lesionflow/code.py", "x = 1\n")
    for command in (
        ("git", "init", "-q"),
        ("dvc", "init", "-q"),
        ("dvc", "remote", "add", "-d", "far", str(folder / "far")),
    ):
        run(root, *command)
    for seed in (7, 8):
        commit(root, seed)
        run(root, "dvc", "push", "--quiet")
    run(folder, "git", "clone", "--quiet", "work", "clone")
    return folder / "clone"


@pytest.fixture
def here(clone, store, monkeypatch, tmp_path):
    (tmp_path / "mlflow.db").write_bytes(store)
    monkeypatch.chdir(clone)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    yield MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.set_tracking_uri(None)


def runs(client):
    experiment = client.get_experiment_by_name("skin").experiment_id
    return [run for run in client.search_runs([experiment]) if "lesionflow.content_key" in run.data.tags]


def test_a_fresh_clone_and_old_commits_show_their_runs_once(here, clone):
    work = clone.parent / "work"
    assert not (clone / "outputs").exists()
    for _ in range(2):
        for revision in (None, "HEAD", "HEAD~1"):
            synced.sync(revision)
    found = {run.data.params["seed"]: run for run in runs(here) if run.info.run_name == "cnn-study"}
    assert (sorted(found), len(runs(here))) == (["7", "8"], 4)
    # The key is what a run of the pipeline gives: that of the files as they lie in the project.
    about = content.subject("cnn-tuned")
    here_key = content.gather(about, content.settings(about, work / "params.yaml"), root=work).key
    assert here_key in {run.data.tags["lesionflow.content_key"] for run in runs(here)}
    assert found["7"].data.tags["mlflow.source.git.commit"] == commit_of("HEAD~1")
    assert found["7"].data.metrics["test_mcc"] == 0.5
    # Nobody knows on which machine it was computed; the data and code are those of the commit.
    assert found["7"].data.tags["lesionflow.device"] == "unknown"
    assert found["7"].data.tags["lesionflow.imported"] == "true"
    assert len({run.data.tags["mlflow.parentRunId"] for run in found.values()}) == 2
    assert not (clone / "outputs").exists()


def test_a_store_out_of_reach_is_told_and_the_next_sync_loses_nothing(here, monkeypatch):
    reachable = os.environ["MLFLOW_TRACKING_URI"]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9/")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(LesionflowError, match="lesionflow sync"):
        synced.sync(None)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", reachable)
    assert len(synced.sync(None)) == len(runs(here)) == 2


@pytest.mark.parametrize("revision", ["nonsense", "--help", "HEAD:params.yaml"])
def test_what_is_no_commit_is_refused(here, revision):
    with pytest.raises(LesionflowError, match="no such commit"):
        synced.sync(revision)


def test_results_that_nobody_pushed_are_named(here, clone, monkeypatch, tmp_path):
    run(tmp_path, "git", "clone", "--quiet", str(clone), "other")
    monkeypatch.chdir(tmp_path / "other")
    run(tmp_path / "other", "dvc", "remote", "modify", "far", "url", str(tmp_path / "empty"))
    with pytest.raises(LesionflowError, match=r"DVC cannot get it|not there"):
        synced.sync(None)

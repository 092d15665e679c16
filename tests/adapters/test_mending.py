"""Runs that others left behind, and the run above the runs of one state."""

import time

import pytest
from mlflow import MlflowClient

from lesionflow.adapters import content, mending, provenance, registry, store, tracking
from lesionflow.adapters.provenance import Parent
from tests.adapters import sound_results
from tests.adapters.sound_results import PARAMS

NAMES = {"experiment": "skin", "registered_model": "lesionflow-cnn"}
STATE = Parent("feed" * 16, {"lesionflow.data": "0123.dir"})


def track(root, seed=7, parent=None):
    found = content.gather(sound_results.CNN, {**PARAMS, "seed": seed}, root=root)
    return tracking.track(found, **NAMES, tags=provenance.tags(found), parent=parent)


def client(root):
    return MlflowClient(f"sqlite:///{root}/mlflow.db")


def test_a_dead_run_of_other_content_is_ended_too(project):
    first = track(project)
    client(project).update_run(first, status="RUNNING")
    track(project, seed=8)
    assert client(project).get_run(first).info.status == "KILLED"


def test_a_run_that_somebody_else_logs_by_hand_is_left_alone(project):
    track(project)
    experiment = client(project).get_experiment_by_name("skin").experiment_id
    foreign = client(project).create_run(experiment).info.run_id
    track(project, seed=8)
    assert client(project).get_run(foreign).info.status == "RUNNING"


def test_runs_of_one_state_share_a_parent_and_another_state_has_its_own(project):
    runs = [client(project).get_run(track(project, seed, STATE)) for seed in (1, 2)]
    parents = {run.data.tags["mlflow.parentRunId"] for run in runs}
    assert len(parents) == 1
    parent = client(project).get_run(parents.pop())
    assert (parent.info.status, parent.data.tags["lesionflow.data"]) == ("FINISHED", "0123.dir")
    other = track(project, 3, Parent("beef" * 16, {}))
    assert client(project).get_run(other).data.tags["mlflow.parentRunId"] != parent.info.run_id


def test_a_version_that_is_logged_anew_stays_champion(project, tmp_path, monkeypatch):
    """The project was moved: its artifacts are no longer where the run says."""
    track(project)
    key = content.gather(sound_results.CNN, PARAMS, root=project).key
    registry.enter("lesionflow", experiment="skin", key=key, alias="champion", tags={}, before=None)
    project.rename(tmp_path / "moved")
    monkeypatch.chdir(tmp_path / "moved")
    again = track(tmp_path / "moved")
    champion = registry.champion("lesionflow")
    assert (champion.key, champion.run_id) == (key, again)
    folder = registry.model_files("lesionflow", champion, tmp_path / "model")
    assert {path.name for path in folder.iterdir()} == {"head.json", "head.safetensors", "model.json"}


@pytest.fixture
def on_server(project, server, monkeypatch):
    """The project, tracking to a real server, in an experiment of its own."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setitem(NAMES, "experiment", f"skin {project}")
    monkeypatch.setitem(NAMES, "registered_model", f"cnn-{abs(hash(str(project)))}")
    return project


def test_a_server_holds_the_run_its_artifacts_and_the_model(on_server, server, tmp_path):
    run_id = track(on_server, parent=STATE)
    assert track(on_server, parent=STATE) == run_id
    there = MlflowClient(server)
    run = there.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.info.artifact_uri.startswith("mlflow-artifacts:")
    assert [item.path for item in there.list_artifacts(run_id, "reports/confusion")] == ["reports/confusion/cnn.csv"]
    assert len(there.search_model_versions(f"name = '{NAMES['registered_model']}'")) == 1
    assert not (on_server / "mlartifacts").exists()


def test_on_a_server_a_dead_process_is_told_from_a_living_one(on_server, server):
    with store.opened() as opened:
        experiment = store.experiment(opened, NAMES["experiment"])
        host = mending.me().split(":")[0]
        # Beyond the largest process id of Linux; and this very process.
        dead, living = (
            opened.client.create_run(experiment, tags={mending.PROCESS: f"{host}:{process}"}).info.run_id
            for process in (2**22 + 1, mending.me().split(":")[1])
        )
        old = opened.client.create_run(
            experiment, tags={mending.PROCESS: "elsewhere:1"}, start_time=int((time.time() - 3700) * 1000)
        ).info.run_id
    track(on_server)
    statuses = [MlflowClient(server).get_run(run).info.status for run in (dead, living, old)]
    assert statuses == ["KILLED", "RUNNING", "KILLED"]


def test_a_champion_that_changed_since_the_decision_is_not_overwritten(on_server):
    name = f"champion of {on_server.parent.name}".replace(" ", "-")
    track(on_server)
    track(on_server, seed=8)
    keys = [content.gather(sound_results.CNN, {**PARAMS, "seed": seed}, root=on_server).key for seed in (7, 8)]
    given = {"experiment": NAMES["experiment"], "tags": {"lesionflow.decision": "champion"}}
    registry.enter(name, key=keys[0], alias="champion", before=None, **given)
    with pytest.raises(store.LesionflowError, match="another champion since the decision"):
        registry.enter(name, key=keys[1], alias="champion", before=None, **given)
    first = registry.champion(name)
    assert first.key == keys[0]
    registry.enter(name, key=keys[1], alias="challenger", before=first, **given)
    assert registry.champion(name) == first
    registry.enter(name, key=keys[1], alias="champion", before=first, **given)
    assert registry.champion(name).key == keys[1]


def test_what_was_never_tracked_cannot_be_promoted(project):
    sound_results.write(project)
    with pytest.raises(store.LesionflowError, match="content 0000: not tracked"):
        registry.enter("lesionflow", experiment="skin", key="0000", alias="champion", tags={}, before=None)


def test_without_a_champion_there_is_none(project):
    assert registry.champion("lesionflow") is None

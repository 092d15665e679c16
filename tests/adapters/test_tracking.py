"""MLflow on SQLite files in temporary folders."""

import base64
import io
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from importlib.metadata import packages_distributions

import mlflow
import numpy as np
import pandas as pd
import pytest
import torch
from mlflow import MlflowClient
from mlflow.entities import Run, RunData, RunInfo, RunTag
from PIL import Image

from lesionflow.adapters import content, mending, provenance, tracking
from lesionflow.adapters.packaging import REQUIREMENTS, ROOMS
from lesionflow.adapters.store import Store
from lesionflow.errors import LesionflowError
from lesionflow.learn import backbones, head
from lesionflow.learn.backbones import BackboneParams
from lesionflow.learn.classifier import FULL, Classifier
from lesionflow.learn.head import Head
from lesionflow.learn.head_inputs import Inputs
from tests.adapters import sound_results
from tests.adapters.sound_results import PARAMS, put
from tests.pipeline.declared import import_closure, imported_modules

NAMES = {"experiment": "skin", "registered_model": "lesionflow-cnn"}


def track(root, params=PARAMS, **names):
    found = content.gather(sound_results.CNN, params, root=root)
    return tracking.track(found, **{**NAMES, **names}, tags=provenance.tags(found))


def client(root):
    return MlflowClient(f"sqlite:///{root}/mlflow.db")


def runs(root, view=mlflow.entities.ViewType.ACTIVE_ONLY):
    experiment = client(root).get_experiment_by_name("skin")
    return client(root).search_runs([experiment.experiment_id], run_view_type=view)


def versions(root):
    return client(root).search_model_versions("name = 'lesionflow-cnn'")


def test_a_run_shows_params_metrics_curves_tags_dataset_and_artifacts(project):
    run = client(project).get_run(track(project))
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "cnn"
    assert run.data.params["train.hidden"] == "4"
    assert {name: run.data.metrics[name] for name in ("test_mcc", "test_mcc_low", "test_mcc_high")} == {
        "test_mcc": 0.5,
        "test_mcc_low": 0.25,
        "test_mcc_high": 0.75,
    }
    assert "test_top_3" not in run.data.metrics
    curve = client(project).get_metric_history(run.info.run_id, "epoch/val_loss")
    assert [(point.step, point.value) for point in curve] == [(1, 1.75), (2, 1.25)]
    assert run.data.tags["lesionflow.weights_sha256"] == "ab12"
    assert run.data.tags["lesionflow.licence"] == "MIT"
    assert run.data.tags["lesionflow.version.mlflow"] == mlflow.__version__
    dataset = run.inputs.dataset_inputs[0]
    # 8 photos, 4 in train; 4 of each class.
    counts = {tag.key: tag.value for tag in dataset.tags if tag.key.startswith("photos.")}
    assert counts == {
        "photos.train": "4",
        "photos.val": "2",
        "photos.test": "2",
        "photos.eczema": "4",
        "photos.nevus": "4",
    }
    logged = {item.path for item in client(project).list_artifacts(run.info.run_id, "outputs/explain/cnn")}
    assert logged == {"outputs/explain/cnn/a.jpg", "outputs/explain/cnn/index.json"}
    assert [item.path for item in client(project).list_artifacts(run.info.run_id, "reports/confusion")] == [
        "reports/confusion/cnn.csv"
    ]
    assert (project / "mlartifacts").is_dir()


def test_the_same_content_makes_one_run_and_one_version(project):
    assert track(project) == track(project)
    assert len(runs(project)) == 1
    assert len(versions(project)) == 1


def test_other_content_makes_another_run_and_version(project):
    assert track(project) != track(project, {**PARAMS, "seed": 8})
    assert len(runs(project)) == 2
    assert len(versions(project)) == 2


def test_a_run_left_running_by_a_killed_process_is_mended(project):
    first = track(project)
    client(project).update_run(first, status="RUNNING")
    second = track(project)
    assert second != first
    assert client(project).get_run(first).info.status == "KILLED"
    assert [(run.info.run_id, run.info.status) for run in runs(project)] == [(second, "FINISHED")]
    assert [version.run_id for version in versions(project)] == [second]


def test_an_error_on_the_way_leaves_no_finished_run_and_the_next_call_mends(project, monkeypatch):
    def fail(*_):
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(tracking, "_register", fail)
        with pytest.raises(LesionflowError, match="disk full"):
            track(project)
    assert [run.info.status for run in runs(project)] == ["FAILED"]
    finished = track(project)
    assert [(run.info.run_id, run.info.status) for run in runs(project)] == [(finished, "FINISHED")]


def test_a_moved_project_is_logged_anew(project, tmp_path, monkeypatch):
    track(project)
    project.rename(tmp_path / "with space")
    monkeypatch.chdir(tmp_path / "with space")
    second = track(tmp_path / "with space")
    assert [run.info.run_id for run in runs(tmp_path / "with space")] == [second]
    assert len(versions(tmp_path / "with space")) == 1


def test_a_deleted_experiment_comes_back(project):
    track(project)
    client(project).delete_experiment(client(project).get_experiment_by_name("skin").experiment_id)
    track(project)
    assert client(project).get_experiment_by_name("skin").lifecycle_stage == "active"
    assert len(runs(project)) == 1


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("http://user:secret@127.0.0.1:9/", "http://127.0.0.1:9/"),
        ("sqlite:///not_a_database.db", "sqlite:///not_a_database.db"),
        ("sqlite:////proc/nowhere/mlflow.db", "sqlite:////proc/nowhere/mlflow.db"),
        ("nonsense://store", "nonsense://store"),
    ],
)
def test_a_store_that_cannot_be_used_is_told_and_nothing_is_lost(project, monkeypatch, uri, said):
    put(project / "not_a_database.db", "x" * 5000)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(LesionflowError) as raised:
        track(project)
    message = str(raised.value)
    assert message.startswith(f"MLflow's store {said}: not usable\n")
    assert "secret" not in message
    assert "dvc repro track" in message


def track_in_process(root, seed):
    os.chdir(root)
    track(root, {**PARAMS, "seed": seed})


def test_two_processes_on_a_new_database_lose_nothing(project):
    (project / "mlflow.db").unlink()
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=track_in_process, args=(project, seed)) for seed in (1, 2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert [run.info.status for run in runs(project)] == ["FINISHED", "FINISHED"]
    assert len(versions(project)) == 2


def track_and_hang(root, ready):
    os.chdir(root)
    tracking._register = lambda *_: (ready.set(), time.sleep(600))
    track(root)


def test_kill_9_while_logging_leaves_nothing_running_after_the_next_call(project):
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Event()
    worker = spawn.Process(target=track_and_hang, args=(project, ready))
    worker.start()
    assert ready.wait(120)
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    assert [run.info.status for run in runs(project)] == ["RUNNING"]
    finished = track(project)
    assert [(run.info.run_id, run.info.status) for run in runs(project)] == [(finished, "FINISHED")]


SERVER_URI = "http://mlflow.example.org"
SERVER = Store(SERVER_URI, None)


def run_by(host, process, *, status="RUNNING", age=0):
    info = RunInfo(
        run_id="r", experiment_id="1", user_id="", status=status, start_time=int((time.time() - age) * 1000),
        end_time=None, lifecycle_stage="active", artifact_uri="mlflow-artifacts:/1/r/artifacts",
    )  # fmt: skip
    return Run(info, RunData(tags=[RunTag(mending.PROCESS, f"{host}:{process}")]))


@pytest.mark.parametrize("run", [run_by(socket.gethostname(), os.getpid(), age=9999), run_by("elsewhere", 1)])
def test_on_a_server_a_run_that_may_still_live_is_left_alone(run):
    with pytest.raises(LesionflowError, match="another process is logging the same content"):
        mending.refuse_living(run, SERVER)


@pytest.mark.parametrize(
    ("run", "uri"),
    [
        (run_by("elsewhere", 1, age=3700), SERVER_URI),  # an hour is 3600 s
        (run_by("elsewhere", 1, status="FAILED"), SERVER),
        (run_by(socket.gethostname(), 2**22 + 1), SERVER_URI),  # beyond the largest process id of Linux
        (run_by(socket.gethostname(), os.getpid()), "sqlite:///mlflow.db"),  # the lock was ours
    ],
)
def test_a_run_that_is_surely_dead_may_be_mended(run, uri):
    mending.refuse_living(run, Store(uri, None))


def test_artifacts_behind_a_server_are_taken_as_present():
    assert mending.has_artifacts(run_by("elsewhere", 1), SERVER)


def photo():
    rows, columns = np.mgrid[0:90, 0:120]
    picture = Image.fromarray(np.stack([rows * 2, columns, rows + columns], axis=2).astype(np.uint8))
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return picture, stream.getvalue()


def real_model(root, seen=FULL):
    """Put an untrained backbone's description and a random head where the pipeline would."""
    backbone = backbones.load("cnn", BackboneParams.model_validate(PARAMS["model"]))
    torch.manual_seed(1)
    random = Head(seen.width(backbone.width), 4, 2, 0.4)
    description = backbone.describe()
    card = {**sound_results.HEAD, "width": random.width, "weights_sha256": description["weights_sha256"]}
    head.save(random, root / "outputs/heads/cnn", card | seen.card())
    put(root / "outputs/backbones/cnn.json", description)
    mlflow.set_tracking_uri(f"sqlite:///{root}/mlflow.db")
    return backbone, random


def test_the_registered_model_predicts_from_bytes_base64_and_path(project, tmp_path):
    backbone, trained = real_model(project)
    track(project)
    picture, content_ = photo()
    (tmp_path / "photo.png").write_bytes(content_)
    with torch.inference_mode():
        logits = Classifier(backbone, trained)(backbone.preprocess(picture)[None])
    expected = (logits / 1.25).softmax(dim=1)[0].numpy()  # the temperature of reports/calibration
    served = mlflow.pyfunc.load_model("models:/lesionflow-cnn/1")
    for given in (content_, base64.b64encode(content_).decode(), str(tmp_path / "photo.png")):
        answer = served.predict(pd.DataFrame({"image": [given]}))
        assert list(answer) == ["label", "probability", "answered", "eczema", "nevus"]
        assert answer.loc[0, ["eczema", "nevus"]].astype(float).to_numpy() == pytest.approx(expected, abs=1e-5)
        assert answer.loc[0, "label"] == ["eczema", "nevus"][int(expected.argmax())]
        assert bool(answer.loc[0, "answered"])  # of two classes the likelier has 0.5, the threshold, or more


def test_metadata_reaches_the_registered_model(project):
    """MLflow takes away the columns that a signature does not name."""
    backbone = backbones.load("cnn", BackboneParams.model_validate(PARAMS["model"]))
    seen = Inputs(clinical={"age": {"mean": 50.0, "std": 10.0}, "sex": ["female", "male"]})
    real_model(project, seen)
    track(project)
    served = mlflow.pyfunc.load_model("models:/lesionflow-cnn/1")
    assert [(one.name, one.required) for one in served.metadata.signature.inputs] == [
        ("image", True), ("age", False), ("sex", False)
    ]  # fmt: skip
    picture, content_ = photo()
    classifier = Classifier(backbone, head.load(project / "outputs/heads/cnn")[0], seen)
    photos = backbone.preprocess(picture)[None]
    for given, told in (({}, [[0, 1, 0, 0, 1]]), ({"age": 70, "sex": "male"}, [[2, 0, 0, 1, 0]])):
        with torch.inference_mode():
            logits = classifier(photos, torch.tensor(told, dtype=torch.float32))
        expected = (logits / 1.25).softmax(dim=1)[0].numpy()
        answer = served.predict(pd.DataFrame({"image": [content_]}).assign(**given))
        assert answer.loc[0, ["eczema", "nevus"]].astype(float).to_numpy() == pytest.approx(expected, abs=1e-5)


def test_the_registered_model_is_complete_and_holds_no_pickle(project, tmp_path):
    real_model(project)
    track(project)
    folder = mlflow.artifacts.download_artifacts("models:/lesionflow-cnn/1", dst_path=str(tmp_path / "model"))
    names = {path.name for path in (tmp_path / "model").rglob("*") if path.is_file()}
    assert not names & {"cli.py", "__main__.py"}
    assert {"head.safetensors", "head.json", "model.json", "predictor.py", "errors.py"} <= names
    assert not {name for name in names if name.endswith((".pkl", ".pickle", ".pt", ".pth", ".pyc"))}
    pinned = (tmp_path / "model/requirements.txt").read_text().split()
    assert f"mlflow=={mlflow.__version__}" in pinned
    assert all("==" in line and "unknown" not in line for line in pinned)
    example = json.loads((tmp_path / "model/serving_input_example.json").read_text())
    assert example["dataframe_split"]["columns"] == ["image"]
    assert folder


def test_the_model_loads_from_its_own_code_alone(project, tmp_path):
    """In a process whose path has no lesionflow but the one that travels with the model."""
    real_model(project)
    track(project)
    mlflow.artifacts.download_artifacts("models:/lesionflow-cnn/1", dst_path=str(tmp_path / "model"))
    (tmp_path / "photo.png").write_bytes(photo()[1])
    program = (
        "import mlflow, pandas, sys\n"
        "model = mlflow.pyfunc.load_model(sys.argv[1])\n"
        "import lesionflow.learn.predictor as predictor\n"
        "assert predictor.__file__.startswith(sys.argv[1]), predictor.__file__\n"
        "print(model.predict(pandas.DataFrame({'image': [sys.argv[2]]})).loc[0, 'label'])\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "model"), str(tmp_path / "photo.png")],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in {"eczema", "nevus"}


def test_every_import_of_the_loader_is_pinned_in_its_requirements():
    root = provenance.PACKAGE.parents[1]
    modules = import_closure(root, "src/lesionflow/learn/predictor.py")
    assert {module.split("/")[2] for module in modules if module.count("/") > 2} == set(ROOMS)
    known = packages_distributions()
    needed = {
        known[name.split(".")[0]][0].lower().replace("_", "-")
        for module in modules
        for name in imported_modules((root / module).read_text())
        if name.split(".")[0] in known and not name.startswith("lesionflow")
    }
    # Imported only where LESIONFLOW_BACKEND asks for a cluster, with a message where they are missing.
    optional = {"ray", "joblibspark"}
    assert needed - optional <= {name.lower() for name in REQUIREMENTS}

"""The only import of MLflow: one run and one registered version for one content, however often it is asked for.

The store is MLFLOW_TRACKING_URI, or mlflow.db (SQLite) in the working folder. For SQLite the artifacts go to the
folder mlartifacts beside the database: MLflow keeps locations as absolute addresses, whatever it is given, so a run
whose artifacts are no longer where it says (the project was moved) is logged anew from the files that DVC holds.
"""

import logging
import os
import socket
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pandas as pd

from lesionflow.adapters import address, packaging
from lesionflow.adapters.content import RunContent
from lesionflow.errors import LesionflowError

# MLflow reads its settings when it is imported or first used.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")

import mlflow
from mlflow import MlflowClient
from mlflow.data.pandas_dataset import from_pandas
from mlflow.entities import Metric, Run
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types.schema import AnyType, ColSpec, Schema

DEFAULT_URI = "sqlite:///mlflow.db"
KEY = "lesionflow.content_key"
PROCESS = "lesionflow.process"
BATCH = 1000
"""MLflow's limit of metrics a request."""
STALE = 3600
"""Seconds after which a run of another machine that still says RUNNING counts as dead."""


def track(content: RunContent, *, experiment: str, registered_model: str, tags: dict[str, str]) -> str:
    """Log `content`, unless a finished run holds it already; return the id of its run.

    A run of the same content that a killed process left behind is ended, deleted and logged anew.

    Raises
    ------
    LesionflowError : the store cannot be used, or another machine is logging this content right now.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_URI
    with _store(uri) as client:
        experiment_id = _experiment(client, experiment, uri)
        earlier = client.search_runs([experiment_id], f"tags.`{KEY}` = '{content.key}'")
        for run in earlier:
            if run.info.status == "FINISHED" and _has_artifacts(run, uri):
                return str(run.info.run_id)
            _refuse_living(run, uri)
            _discard(client, run)
        return _log(client, content, experiment_id, registered_model, tags)


@contextmanager
def _store(uri: str) -> Iterator[MlflowClient]:
    """A client of the store, alone on this machine if it is a file; whatever it raises becomes a `LesionflowError`."""
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    set_before = os.environ.get("MLFLOW_TRACKING_URI")
    try:
        with address.alone(uri):
            mlflow.set_tracking_uri(address.absolute(uri))
            yield MlflowClient()
    except (MlflowException, sqlite3.Error, OSError) as error:
        got = address.without_password(f"{type(error).__name__}: {str(error).strip()}", uri)
        raise LesionflowError(
            f"MLflow's store {address.without_password(uri, uri)}: not usable",
            got=got[:500],
            expected="a store that can be read and written",
            remedy="Nothing is lost, DVC holds the results. Start or mend the store (MLFLOW_TRACKING_URI names "
            "another one), then run `dvc repro track`.",
        ) from error
    finally:
        # It wrote the address into the environment, too; None, which its hints forget, takes it out again.
        mlflow.set_tracking_uri(set_before)  # type: ignore[arg-type]


def _experiment(client: MlflowClient, name: str, uri: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is None:
        path = address.database(uri)
        location = None if path is None else (path.resolve().parent / "mlartifacts").as_uri()
        _unless_there(lambda: client.create_experiment(name, artifact_location=location))
        return _experiment(client, name, uri)
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _unless_there(create: Callable[[], object]) -> None:
    """Another process may have created it first."""
    try:
        create()
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _has_artifacts(run: Run, uri: str) -> bool:
    """Whether they are where the run says; a server's own folders cannot be seen from here."""
    location = urlsplit(run.info.artifact_uri)
    return (
        address.database(uri) is None
        or location.scheme not in ("", "file")
        or Path(url2pathname(location.path)).is_dir()
    )


def _refuse_living(run: Run, uri: str) -> None:
    """Leave alone what another process of a shared server is logging; of a file, our lock shows that nobody is."""
    if run.info.status != "RUNNING" or address.database(uri) is not None:
        return
    host, _, process = run.data.tags.get(PROCESS, "").partition(":")
    recent = time.time() - run.info.start_time / 1000 < STALE
    if _runs(int(process)) if host == socket.gethostname() else recent:
        raise LesionflowError(
            f"MLflow run {run.info.run_id}: another process is logging the same content",
            got=f"status RUNNING, by {host}",
            remedy="Wait for it to end, then run `dvc repro track`.",
        )


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _discard(client: MlflowClient, run: Run) -> None:
    for version in client.search_model_versions(f"run_id = '{run.info.run_id}'"):
        client.delete_model_version(version.name, version.version)
    if run.info.status == "RUNNING":
        client.set_terminated(run.info.run_id, "KILLED")
    client.delete_run(run.info.run_id)


def _log(
    client: MlflowClient, content: RunContent, experiment_id: str, registered_model: str, tags: dict[str, str]
) -> str:
    mine = {KEY: content.key, PROCESS: f"{socket.gethostname()}:{os.getpid()}", "lesionflow.model": content.model}
    # `with` marks the run as FAILED when something raises; a bare start_run would leave it FINISHED.
    with mlflow.start_run(experiment_id=experiment_id, run_name=content.model, tags={**tags, **mine}) as run:
        run_id = str(run.info.run_id)
        mlflow.log_params(dict(content.params))
        _log_metrics(client, content, run_id)
        _log_dataset(content, tags)
        for path in content.files:
            mlflow.log_artifact(str(content.root / path), artifact_path=Path(path).parent.as_posix())
        _register(client, content, registered_model, run_id)
    return run_id


def _log_metrics(client: MlflowClient, content: RunContent, run_id: str) -> None:
    now = int(time.time() * 1000)
    points = [Metric(name, value, now, 0) for name, value in content.metrics.items()]
    # Under their own prefix: an accuracy of the last epoch and the one of the kept epoch are two things.
    for row in content.history.to_dict("records"):
        epoch = int(row.pop("epoch"))
        points += [Metric(f"epoch/{name}", float(value), now, epoch) for name, value in row.items() if pd.notna(value)]
    for start in range(0, len(points), BATCH):
        client.log_batch(run_id, metrics=points[start : start + BATCH])


def _log_dataset(content: RunContent, tags: dict[str, str]) -> None:
    """The photos as a dataset input: digest of the data, and counts by split and class as tags."""
    frame = content.predictions[["sha256", "split", "label"]]
    counts = pd.concat([frame["split"].value_counts(), frame["label"].value_counts()]).sort_index()
    dataset = from_pandas(frame, name="photos", digest=tags["lesionflow.data"][:36])
    mlflow.log_input(
        dataset, context="train, val and test", tags={f"photos.{name}": str(count) for name, count in counts.items()}
    )


def _register(client: MlflowClient, content: RunContent, name: str, run_id: str) -> None:
    with tempfile.TemporaryDirectory() as room:
        packaging.write_model(content, Path(room) / "data")
        packaging.write_code(Path(room) / "lesionflow")
        logged = mlflow.pyfunc.log_model(
            name="model",
            loader_module=packaging.LOADER,
            data_path=f"{room}/data",
            code_paths=[f"{room}/lesionflow"],
            pip_requirements=packaging.requirements(content),
            signature=_signature(content),
            input_example=pd.DataFrame({"image": [packaging.example_photo()]}),
        )
    _unless_there(lambda: client.create_registered_model(name))
    client.create_model_version(
        name, source=logged.model_uri, run_id=run_id, tags={KEY: content.key}, model_id=logged.model_id
    )


def _signature(content: RunContent) -> ModelSignature:
    # "Any", because a photo comes as bytes, as base64 text (HTTP) or as the path of a file.
    photo = ColSpec(AnyType(), "image")  # type: ignore[no-untyped-call]
    numbers = [ColSpec("double", name) for name in ("probability", *content.labels)]
    return ModelSignature(Schema([photo]), Schema([ColSpec("string", "label"), *numbers]))

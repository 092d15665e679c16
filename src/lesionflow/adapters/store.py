"""The tracking store, opened: MLFLOW_TRACKING_URI, or mlflow.db (SQLite) in the working folder.

For SQLite the artifacts go to the folder mlartifacts beside the database: MLflow keeps locations as absolute
addresses, whatever it is given.
"""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from lesionflow.adapters import address
from lesionflow.errors import LesionflowError

# MLflow reads its settings when it is imported or first used.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run as Run
from mlflow.entities.model_registry import ModelVersion as ModelVersion
from mlflow.exceptions import MlflowException

DEFAULT_URI = "sqlite:///mlflow.db"
KEY = "lesionflow.content_key"
MODEL = "lesionflow.model"
T = TypeVar("T")


@dataclass(frozen=True)
class Store:
    """An open store: its address as it was given, and MLflow's client of it."""

    uri: str
    client: MlflowClient

    @property
    def is_file(self) -> bool:
        """Whether it is a database file, before which our lock queues all who write."""
        return address.database(self.uri) is not None


@contextmanager
def opened() -> Iterator[Store]:
    """The store, alone on this machine if it is a file; whatever it raises becomes a `LesionflowError`."""
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    set_before = os.environ.get("MLFLOW_TRACKING_URI")
    uri = set_before or DEFAULT_URI
    try:
        with address.alone(uri):
            mlflow.set_tracking_uri(address.absolute(uri))
            yield Store(uri, MlflowClient())
    except (MlflowException, sqlite3.Error, OSError) as error:
        raise _unusable(uri, error) from error
    finally:
        # It wrote the address into the environment, too; None, which its hints forget, takes it out again.
        mlflow.set_tracking_uri(set_before)  # type: ignore[arg-type]


def experiment(store: Store, name: str) -> str:
    """The id of the experiment of this name, made where there is none."""
    found = store.client.get_experiment_by_name(name)
    if found is None:
        path = address.database(store.uri)
        location = None if path is None else (path.resolve().parent / "mlartifacts").as_uri()
        unless_there(lambda: store.client.create_experiment(name, artifact_location=location))
        return experiment(store, name)
    if found.lifecycle_stage == "deleted":
        store.client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def unless_there(create: Callable[[], object]) -> None:
    """Another process may have created it first."""
    try:
        create()
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def unless_absent(get: Callable[[], T]) -> T | None:
    """What `get` finds; None where the store has no such thing."""
    try:
        return get()
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None


def download(uri: str, folder: Path) -> str:
    """Copy the artifacts at an address of the open store into `folder`; where they are."""
    return str(mlflow.artifacts.download_artifacts(uri, dst_path=str(folder)))


def _unusable(uri: str, error: Exception) -> LesionflowError:
    got = address.without_password(f"{type(error).__name__}: {str(error).strip()}", uri)
    return LesionflowError(
        f"MLflow's store {address.without_password(uri, uri)}: not usable",
        got=got[:500],
        expected="a store that can be read and written",
        remedy="Nothing is lost, DVC holds the results. Start or mend the store (MLFLOW_TRACKING_URI names "
        "another one), then run `dvc repro track` or `lesionflow sync`.",
    )

"""Stores for the tests of tracking and promotion."""

import mlflow
import pytest
from mlflow import MlflowClient

from tests.adapters import served, sound_results


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """A database whose tables are made, which takes seconds; tests copy it."""
    folder = tmp_path_factory.mktemp("store")
    MlflowClient(f"sqlite:///{folder}/mlflow.db").search_experiments()
    return (folder / "mlflow.db").read_bytes()


@pytest.fixture
def project(tmp_path, store, monkeypatch):
    """A folder with the results of one classifier, and a store of its own."""
    root = sound_results.write(tmp_path / "project")
    (root / "mlflow.db").write_bytes(store)
    monkeypatch.chdir(root)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    yield root
    mlflow.set_tracking_uri(None)


@pytest.fixture(scope="session")
def server(tmp_path_factory, store):
    """The address of a real `mlflow server`, one for all tests."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "server.db").write_bytes(store)
    with served.mlflow_server(folder) as address:
        yield address

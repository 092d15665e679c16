"""What every test can rely on."""

import sys

import pytest

from tests.adapters import served

FIRST = "pipeline"
"""The folder whose tests take longest, and so start first when several processes share the tests."""


def pytest_collection_modifyitems(items):
    """The longest first; the sorting is stable."""
    items.sort(key=lambda item: FIRST not in item.path.parts)


@pytest.fixture(autouse=True, scope="module")
def import_path_as_it_was():
    """Loading a served MLflow model puts that model's copy of our code first on sys.path, also for new workers."""
    before = list(sys.path)
    yield
    sys.path[:] = before


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """An MLflow database whose tables are made, which takes seconds; tests copy it."""
    from mlflow import MlflowClient

    folder = tmp_path_factory.mktemp("store")
    MlflowClient(f"sqlite:///{folder}/mlflow.db").search_experiments()
    return (folder / "mlflow.db").read_bytes()


@pytest.fixture(scope="session")
def server(tmp_path_factory, store):
    """The address of a real `mlflow server`, one for all tests."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "server.db").write_bytes(store)
    with served.mlflow_server(folder) as address:
        yield address

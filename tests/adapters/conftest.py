"""A project with results and a store, for the tests of tracking and promotion."""

import mlflow
import pytest

from tests.adapters import sound_results


@pytest.fixture
def project(tmp_path, store, monkeypatch):
    """A folder with the results of one classifier, and a store of its own."""
    root = sound_results.write(tmp_path / "project")
    (root / "mlflow.db").write_bytes(store)
    monkeypatch.chdir(root)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    yield root
    mlflow.set_tracking_uri(None)

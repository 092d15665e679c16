"""What every test can rely on."""

import sys

import pytest


@pytest.fixture(autouse=True, scope="module")
def import_path_as_it_was():
    """Loading a served MLflow model puts that model's copy of our code first on sys.path, also for new workers."""
    before = list(sys.path)
    yield
    sys.path[:] = before

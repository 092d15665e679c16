"""What every test can rely on."""

import sys

import pytest

FIRST = "pipeline"
"""The folder whose tests take longest, and so start first when several processes share the tests."""


def pytest_collection_modifyitems(items):
    """Where processes share the tests, one gets all of a file, and all files of the finished small project."""
    items.sort(key=lambda item: FIRST not in item.path.parts)  # stable
    of_the_project = {item.path for item in items if "done" in getattr(item, "fixturenames", ())}
    for item in items:
        item.add_marker(pytest.mark.xdist_group("done" if item.path in of_the_project else str(item.path)))


@pytest.fixture(autouse=True, scope="module")
def import_path_as_it_was():
    """Loading a served MLflow model puts that model's copy of our code first on sys.path, also for new workers."""
    before = list(sys.path)
    yield
    sys.path[:] = before

from pathlib import Path

import pytest

from tests.report.written_run import write_run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a small run."""
    return write_run(tmp_path)

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import readme
from lesionflow.errors import LesionflowError
from tests.benchmarks.rendering.shown import figure

PROJECT = Path(__file__).parents[2]
RESULTS = {
    "models": [
        {
            "model": "efficientnet_lite0",
            "accuracy": figure(0.7),
            "balanced_accuracy": figure(0.6),
            "macro_f1": figure(0.5),
            "mcc": figure(0.4),
        }
    ],
    "command": "make benchmark-milk10k",
    "versions": {"torch": "2.14.1", "timm": "1.0.31"},
    "seconds": 754.3,
}
TEXT = "# Title\n\n<!-- table: milk10k -->\nold\n<!-- end: milk10k -->\n\nrest\n"
# 754 seconds are 12.6 minutes.
RENDERED = """# Title

<!-- table: milk10k -->
| Model                |            Accuracy |   Balanced accuracy |            Macro F1 |                  MCC |
| :------------------- | ------------------: | ------------------: | ------------------: | -------------------: |
| `efficientnet_lite0` | 70.0 % [65.0, 75.0] | 60.0 % [55.0, 65.0] | 50.0 % [45.0, 55.0] | 0.400 [0.350, 0.450] |

Measured by `make benchmark-milk10k` in 13 min, with torch 2.14.1, timm 1.0.31.
<!-- end: milk10k -->

rest
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "benchmarks/results").mkdir(parents=True)
    (tmp_path / "benchmarks/results/milk10k.json").write_text(json.dumps(RESULTS))
    (tmp_path / "README.md").write_text(TEXT)
    return tmp_path


def run(folder, *options):
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "src")}
    command = [sys.executable, PROJECT / "benchmarks/readme.py", *options]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_tables_of_the_readme_are_those_of_the_results():
    readme.update(PROJECT / "README.md", PROJECT / "benchmarks/results", check=True)


def test_table_is_rendered_between_its_markers_and_a_second_time_unchanged(project):
    results = project / "benchmarks/results"
    assert readme.rendered(TEXT, results) == RENDERED
    assert readme.rendered(RENDERED, results) == RENDERED


def test_check_tells_a_stale_table_and_writes_nothing(project):
    done = run(project, "--check")
    assert done.returncode == 1
    assert done.stderr == (
        "error: README.md: its tables differ from benchmarks/results\n"
        "  to do:    Run `make readme` and commit README.md.\n"
    )
    assert (project / "README.md").read_text() == TEXT


def test_command_writes_the_tables_and_check_then_passes(project):
    assert run(project).returncode == 0
    assert (project / "README.md").read_text() == RENDERED
    assert run(project, "--check").returncode == 0


def test_unknown_option_is_refused(project):
    assert "expected: nothing, or --check" in run(project, "--chekc").stderr


@pytest.mark.parametrize(
    "text",
    [
        "no marker",
        "<!-- table: milk10k -->",
        "<!-- end: milk10k --><!-- table: milk10k -->",
        "<!-- table: milk10k --><!-- end: other -->",
        "<!-- table: milk10k --><!-- table: milk10k --><!-- end: milk10k --><!-- end: milk10k -->",
    ],
)
def test_markers_that_do_not_pair_are_refused(project, text):
    with pytest.raises(LesionflowError, match="expected: pairs of"):
        readme.rendered(text, project / "benchmarks/results")


@pytest.mark.parametrize(
    ("content", "message"), [(None, "no such file"), ("{", "not JSON"), ('{"models": []}', "no 'command'")]
)
def test_missing_or_incomplete_results_are_named(project, content, message):
    path = project / "benchmarks/results/milk10k.json"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(LesionflowError) as caught:
        readme.rendered(TEXT, path.parent)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "Run `make benchmark-milk10k`." in str(caught.value)


def test_unknown_table_is_refused(project):
    with pytest.raises(LesionflowError, match="expected: one of update, milk10k"):
        readme.rendered("<!-- table: x --><!-- end: x -->", project / "benchmarks/results")


def test_missing_external_results_name_the_target_that_makes_them(tmp_path):
    text = "<!-- table: external_pad -->\n<!-- end: external_pad -->\n"
    with pytest.raises(LesionflowError, match="make benchmark-external`"):
        readme.rendered(text, tmp_path)

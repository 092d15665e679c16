"""The ablation's stages in a small project: apart from the main pipeline, cell by cell, and repeatable."""

import json
import shutil

import pytest
import yaml

from tests.pipeline.conftest import ROOT

SETTINGS = {
    "ablation__network__model": "tiny_cnn",
    "ablation__network__input_size": 64,
    "ablation__strategies": ["frozen", "full", "lora"],
    "ablation__shares": [50, 100],
    "ablation__seeds": [0],
    "ablation__training__max_epochs": 1,
    "ablation__training__min_steps": 0,
}
CELLS = [f"{strategy}-{share}-0" for share in (50, 100) for strategy in ("frozen", "full", "lora")]


@pytest.fixture(scope="module")
def ablated(done, tmp_path_factory):
    """The small project after its run and its ablation."""
    project = done.copy(tmp_path_factory.mktemp("ablated") / "project")
    shutil.copytree(ROOT / "ablation", project.folder / "ablation", ignore=shutil.ignore_patterns("dvc.lock"))
    project.set_params(**SETTINGS)
    project.run("dvc", "repro", "ablation/dvc.yaml")
    return project


def lock(project):
    return yaml.safe_load((project.folder / "ablation/dvc.lock").read_text())["stages"]


def test_the_main_pipeline_does_not_list_the_ablation(done, tmp_path):
    project = done.copy(tmp_path / "project")
    shutil.copytree(ROOT / "ablation", project.folder / "ablation", ignore=shutil.ignore_patterns("dvc.lock"))
    told = project.run("dvc", "repro", "--dry", "--force").stdout
    assert "Running stage 'split'" in told
    assert "ablat" not in told


def test_each_cell_is_an_output_of_its_own(ablated):
    outs = [out["path"] for stage in lock(ablated).values() for out in stage["outs"]]
    assert {f"outputs/ablation/cells/{cell}" for cell in CELLS} < set(outs)
    assert len(outs) == len(set(outs))


def test_table_and_figure_hold_every_cell(ablated):
    result = json.loads((ablated.folder / "reports/ablation/ablation.json").read_text())
    assert [f"{cell['strategy']}-{100 * cell['share']:.0f}-{cell['seed']}" for cell in result["cells"]] == CELLS
    assert len(result["compared"]) == 4  # two strategies at two shares
    assert "LoRA" in (ablated.folder / "reports/ablation/ablation.md").read_text()
    assert "</svg>" in (ablated.folder / "reports/ablation/ablation.svg").read_text()


def test_a_cell_that_was_lost_is_made_again_alone_with_the_same_bytes(ablated, tmp_path):
    project = ablated.copy(tmp_path / "project")
    before = lock(project)
    name = next(stage for stage, entry in before.items() if "full-50-0" in entry["cmd"])
    told = project.run("dvc", "repro", "--force", "--single-item", f"ablation/dvc.yaml:{name}").stdout
    assert told.count("Running stage") == 1
    assert lock(project)[name]["outs"] == before[name]["outs"]


def test_a_second_run_does_nothing(ablated):
    assert "Running stage" not in ablated.run("dvc", "repro", "ablation/dvc.yaml").stdout

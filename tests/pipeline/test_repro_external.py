"""Photos from elsewhere, through the real stages and through the command, which must say the same."""

import io
import json

import pandas as pd
import pytest

from lesionflow import tables
from lesionflow.images import decode, stored_photos
from lesionflow.sample import drawing
from lesionflow.sample.catalogue import SMALL, catalogue

OTHER_SEED = 99
EACH = 8


def write_elsewhere(project, folder):
    """New photos of three learned classes, and one of every kind that does not count; the manifest's path."""
    folder.mkdir()
    subjects = catalogue(SMALL, OTHER_SEED)
    wanted = {"melanocytic_nevus": EACH, "melanoma": EACH, "basal_cell_carcinoma": EACH, "vascular_lesion": 2}
    rows = []
    for label, count in wanted.items():
        for place, subject in enumerate([one for one in subjects if one.label == label][:count]):
            name = f"{label}-{place}.jpg"
            (folder / name).write_bytes(drawing.as_jpeg(drawing.draw(subject, OTHER_SEED)[0]))
            rows.append({"url": name, "label": label, "group": subject.patient, "sex": subject.sex})
    # A class that the taxonomy lacks, an address where nothing is, and two photos of the run: as it is, and cropped.
    rows += [{"url": "wart.jpg", "label": "wart"}, {"url": "none.jpg", "label": "melanoma"}]
    (folder / "wart.jpg").write_bytes(drawing.as_jpeg(drawing.draw(subjects[-1], OTHER_SEED + 1)[0]))
    split = tables.read(project.folder / "outputs/split.parquet", tables.SPLIT)
    ingested = tables.read(project.folder / "outputs/ingested.parquet", tables.INGESTED)
    stored = stored_photos(ingested, project.folder / "outputs/shards")
    whole, cropped = (stored[sha256].read() for sha256 in split.loc[split["split"] == "train", "sha256"].iloc[:2])
    (folder / "same.jpg").write_bytes(whole)
    picture = decode(cropped)
    width, height = picture.size
    written = io.BytesIO()
    picture.crop((width // 20, height // 20, width, height)).save(written, "JPEG", quality=80)
    (folder / "cropped.jpg").write_bytes(written.getvalue())
    rows += [{"url": "same.jpg", "label": "melanoma"}, {"url": "cropped.jpg", "label": "melanoma"}]
    manifest = folder / "elsewhere.csv"
    pd.DataFrame(rows).assign(source="elsewhere", licence="CC0-1.0").to_csv(manifest, index=False)
    return manifest


@pytest.fixture(scope="module")
def evaluated(done, tmp_path_factory):
    """The small project after its external stages and after the command, and what either found."""
    project = done.copy(tmp_path_factory.mktemp("elsewhere") / "project")
    write_elsewhere(project, project.folder / "elsewhere")
    project.set_params(
        external=[{"name": "pipeline", "manifest": "elsewhere/elsewhere.csv"}],
        ingest__file_roots=["data", "elsewhere"],
        subgroups__min_photos=3,
        subgroups__min_groups=3,
    )
    project.run("dvc", "repro", "evaluate_external")
    said = project.run(
        "python", "-m", "lesionflow", "evaluate-external", "--manifest", "elsewhere/elsewhere.csv",
        "--photos", "elsewhere", "--out", "told",
    )  # fmt: skip
    return project, json.loads((project.folder / "reports/external/pipeline.json").read_text()), said.stdout


def test_every_row_is_counted_and_copies_are_left_out(evaluated):
    project, found, _ = evaluated
    assert found["counts"] == {
        "rows": 30, "used": 3 * EACH, "not_ingested": 1, "copy": 2, "conflicting_labels": 0, "outside_taxonomy": 1,
        "outside_model": 2, "repeated": 0,
    }  # fmt: skip
    assert found["copies_of"] == {"train": 2}
    excluded = pd.read_csv(project.folder / "reports/external/pipeline-excluded.csv", keep_default_na=False)
    assert sorted(excluded["reason"]) == [
        "copy", "copy", "not_ingested", "outside_model", "outside_model", "outside_taxonomy",
    ]  # fmt: skip
    assert (excluded["own"] != "").sum() == 2


def test_every_classifier_is_judged_and_the_command_says_the_same(evaluated):
    project, found, said = evaluated
    names = ["tiny_cnn-tuned", "tiny_vit-tuned", "tiny_pair-tuned"]
    assert [model["model"] for model in found["models"]] == names
    assert all(model["external"]["photos"] == 3 * EACH for model in found["models"])
    own = json.loads((project.folder / "reports/metrics/tiny_pair-tuned.json").read_text())["test"]
    assert found["models"][-1]["internal"]["accuracy"]["value"] == own["accuracy"]["value"]
    by_command = json.loads((project.folder / "told/elsewhere.json").read_text())
    assert by_command | {"name": "pipeline"} == found
    assert said.startswith("# On photos from elsewhere: elsewhere\n")
    assert said.endswith("\nWritten: told/elsewhere.json\n")


def test_a_second_time_nothing_is_run_and_without_sources_there_is_no_stage(evaluated, tmp_path):
    project = evaluated[0].copy(tmp_path / "project")
    again = project.run("dvc", "repro", "evaluate_external")
    assert "Running stage" not in again.stdout
    project.set_params(external=[])
    assert "external" not in project.run("dvc", "stage", "list").stdout

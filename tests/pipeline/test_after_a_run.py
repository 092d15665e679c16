"""What a person does with a finished run: ask its classifiers, accept its data, look up what was tracked."""

import itertools
import json
import re

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from PIL import Image

from lesionflow import tables
from lesionflow.images import stored_photos

PAIR = "tiny_pair-tuned"


@pytest.fixture(scope="module")
def project(done, tmp_path_factory):
    return done.copy(tmp_path_factory.mktemp("after") / "project")


@pytest.fixture(scope="module")
def photo_files(project, tmp_path_factory):
    """Files of four test photos, each named by its content hash."""
    split = tables.read(project.folder / "outputs/split.parquet", tables.SPLIT)
    ingested = tables.read(project.folder / "outputs/ingested.parquet", tables.INGESTED)
    stored = stored_photos(ingested, project.folder / "outputs/shards")
    folder = tmp_path_factory.mktemp("photos")
    paths = [folder / f"{sha256}.jpg" for sha256 in sorted(split.loc[split["split"] == "test", "sha256"])[:4]]
    for path in paths:
        path.write_bytes(stored[path.stem].read())
    return paths


@pytest.fixture(scope="module")
def photo(photo_files):
    """The content hash of a test photo, and a file of it."""
    return photo_files[0].stem, photo_files[0]


def lesionflow(project, *arguments, check=True):
    return project.run("python", "-m", "lesionflow", *arguments, check=check)


def expected(project, model, sha256):
    """Percents by label: the probabilities of the table predictions, at the temperature of calibration (Guo 2017)."""
    said = tables.read(project.folder / f"outputs/predictions/{model}.parquet", tables.PREDICTIONS)
    classes = tables.read(project.folder / "outputs/classes.parquet", tables.CLASSES)
    temperature = json.loads((project.folder / f"reports/calibration/{model}.json").read_text())["temperature"]
    raw = said.loc[said["sha256"] == sha256, "probabilities"].iloc[0].astype(float) ** (1 / temperature)
    return dict(zip(tables.labels_in_order(classes), 100 * raw / raw.sum(), strict=True))


def known_of(project, sha256):
    """What table traits knows of a photo and recipe tuned looks at, as options of `lesionflow predict`."""
    traits = tables.read(project.folder / "outputs/traits.parquet", tables.TRAITS).set_index("sha256").loc[sha256]
    known = {name: traits[name] for name in ("age", "sex", "body_site") if pd.notna(traits[name])}
    return [part for name, value in known.items() for part in (f"--{name.replace('_', '-')}", str(value))]


@pytest.mark.parametrize("model", ["tiny_cnn-tuned", "tiny_vit-tuned", PAIR])
def test_a_photo_gets_the_calibrated_answer_of_the_pipeline(project, photo, model):
    sha256, path = photo
    told = lesionflow(project, "predict", str(path), "--model", model, *known_of(project, sha256)).stdout
    assert f"By {model}" in told
    shown = {label: float(percent) for percent, label in re.findall(r"^ +([\d.]+)%  (.+)$", told, re.MULTILINE)}
    wanted = expected(project, model, sha256)
    assert shown == pytest.approx(wanted, abs=0.11)  # shown to a tenth
    assert list(shown.values()) == sorted(shown.values(), reverse=True)


def test_photos_get_a_map_or_are_told_that_nothing_speaks_for_the_answer(project, photo_files, tmp_path):
    drawn = [draw(project, path, "tiny_vit-tuned", "tiny_vit-tuned", tmp_path / path.name) for path in photo_files]
    # Of untrained networks some maps are blank, but most are not: `explain` refuses a layer that gives more.
    assert any(drawn)


def test_the_map_of_a_pair_is_its_first_members(project, photo, tmp_path):
    # Which may be blank, for an answer that this member does not give.
    draw(project, photo[1], PAIR, "tiny_cnn-tuned", tmp_path / "map.jpg")


def draw(project, path, model, drawn_by, cam):
    """Whether there is a map, which lies over what the network sees, a square; where there is none, that is told."""
    told = lesionflow(project, "predict", str(path), "--model", model, "--cam", str(cam)).stdout
    if not cam.exists():
        assert f"No heat map: in what {drawn_by} sees of this photo" in told
        return False
    assert f"Heat map of {drawn_by} for this answer: {cam}" in told
    with Image.open(cam) as shown:
        pixels = np.asarray(shown.convert("RGB"))
    assert pixels.shape[0] == pixels.shape[1] > 100
    assert pixels.std() > 5
    return True


def test_without_a_name_the_best_answers(project, photo):
    best = json.loads((project.folder / "reports/comparison.json").read_text())["best"]
    assert (
        f"By {best}, which was not told: age, sex, body_site." in lesionflow(project, "predict", str(photo[1])).stdout
    )


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [("--skin-type", "3", "looks at age, sex, body_site"), ("--sex", "neither", "one of female, male")],
)
def test_metadata_that_a_model_has_not_learned_is_refused(project, photo, option, value, expected):
    done = lesionflow(project, "predict", str(photo[1]), option, value, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {option}\n  got:      {value}\n")
    assert expected in done.stderr


def test_a_model_that_is_not_there_is_told(project, photo):
    done = lesionflow(project, "predict", str(photo[1]), "--model", "tiny_cnn-study", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(
        "error: --model tiny_cnn-study\n  got:      no classifier of this run\n  expected: one"
    )
    assert PAIR in done.stderr


def test_the_joined_pair_is_tracked_and_registered_beside_its_members(project):
    client = MlflowClient(f"sqlite:///{project.folder}/mlflow.db")
    told = json.loads((project.folder / f"outputs/tracking/{PAIR}.json").read_text())
    (run,) = client.search_runs(
        [client.get_experiment_by_name("lesionflow").experiment_id],
        f"tags.`lesionflow.content_key` = '{told['content_key']}'",
    )
    assert run.data.tags["lesionflow.backbone"] == "tiny_cnn, tiny_vit"
    assert len(client.search_model_versions(f"name = '{told['registered_model']}'")) == 1
    metrics = json.loads((project.folder / f"reports/metrics/{PAIR}.json").read_text())
    assert run.data.metrics["test_accuracy"] == pytest.approx(metrics["test"]["accuracy"]["value"])


def test_accepted_data_holds_later_data_to_its_labels(project):
    assert "are what later data is held to" in lesionflow(project, "accept-data").stdout
    project.run("dvc", "repro", "validate_drift")
    report = json.loads((project.folder / "reports/validation/drift.json").read_text())
    assert report["success"]
    # Half of the labels become another.
    turns = itertools.cycle((False, True))
    project.relabel(lambda _, label: "Melanoma" if next(turns) else label)
    project.run("dvc", "add", "--quiet", "data")
    stopped = project.run("dvc", "repro", "validate_drift", check=False)
    assert stopped.returncode
    assert "label" in stopped.stderr
    assert "accept-data" in stopped.stderr

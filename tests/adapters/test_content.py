import json
import shutil

import pandas as pd
import pytest

from lesionflow.adapters import content
from lesionflow.errors import LesionflowError
from lesionflow.params import Joined
from tests.adapters import sound_results
from tests.adapters.sound_results import PARAMS, put


def key(root, params=PARAMS):
    return content.gather(sound_results.CNN, params, root=root).key


@pytest.fixture
def results(tmp_path):
    return sound_results.write(tmp_path / "project")


def test_a_run_holds_params_metrics_with_intervals_and_every_file(results):
    found = content.gather(sound_results.CNN, PARAMS, root=results)
    assert found.params == {
        "model.timm": "test_efficientnet.r160_in1k",
        "model.weights.source": "random",
        "model.weights.licence": "none",
        "model.weights.trained_on": "nothing",
        "train.hidden": "4",
        "seed": "7",
    }
    assert found.metrics == {
        "test_photos": 2.0,
        "test_mcc": 0.5,
        "test_mcc_low": 0.25,
        "test_mcc_high": 0.75,
        "val_mcc": 0.5,
        "train_mcc": 1.0,
        "explain_photos": 2.0,
        "training_tau": 0.5,
        "explain_blank": 0.0,
        "calibration_temperature": 1.25,
        "calibration_raw_ece": 0.1,
        "calibration_abstention_threshold": 0.5,
        "worst_sex_accuracy": 0.25,
        "worst_sex_accuracy_of": 2.0,
        "class/nevus/recall": 1.0,
        "best_epoch": 2.0,
        "epochs": 2.0,
    }
    assert found.labels == ("eczema", "nevus")
    on_disk = {path.relative_to(results).as_posix() for path in results.rglob("*") if path.is_file()}
    assert set(found.files) == on_disk


def test_the_key_is_the_same_in_another_folder(results, tmp_path):
    shutil.copytree(results, tmp_path / "elsewhere")
    assert key(results) == key(tmp_path / "elsewhere")


ALL = [path for path in content.paths(sound_results.CNN) if "." in path]


@pytest.mark.parametrize("path", [*ALL, "outputs/explain/cnn/a.jpg", "reports/validation/manifest.json"])
def test_the_key_follows_every_file(results, path):
    before = content.content_key((path,), PARAMS, root=results)
    (results / path).write_bytes((results / path).read_bytes() + b" ")
    assert content.content_key((path,), PARAMS, root=results) != before


def test_files_that_say_something_of_other_models_or_nothing_are_not_in_the_key(results):
    before = key(results)
    put(results / "reports/validation/docs/index.html", "<p>two models</p>")
    put(results / "reports/validation/.gitignore", "/docs\n")
    assert key(results) == before
    assert "reports/validation/docs/index.html" in content.gather(sound_results.CNN, PARAMS, root=results).files


def test_the_key_follows_params_and_files_that_come_and_go(results):
    before = key(results)
    assert key(results, {**PARAMS, "seed": 8}) != before
    (results / "outputs/explain/cnn/a.jpg").rename(results / "outputs/explain/cnn/b.jpg")
    assert key(results) != before


def test_another_model_in_the_comparison_changes_nothing(results):
    before = key(results)
    sound_results.write(results, "vit")
    put(results / "reports/validation/predictions.json", {"table": "predictions", "rows": 16})
    assert key(results) == before


@pytest.mark.parametrize("path", [*ALL, "outputs/explain/cnn", "reports/validation"])
def test_a_missing_result_is_named(results, path):
    target = results / path
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    with pytest.raises(LesionflowError, match="no such result of model cnn") as raised:
        content.gather(sound_results.CNN, PARAMS, root=results)
    assert str(target) in str(raised.value)
    assert "dvc pull" in str(raised.value)


def test_a_history_without_epochs_is_empty(results):
    put(results / "reports/history/cnn.csv", "epoch,train_loss\n")
    assert isinstance(content.gather(sound_results.CNN, PARAMS, root=results).history, pd.DataFrame)


PAIR = content.Subject("pair", (("cnn", "cnn"), ("vit", "vit")))
OF_PAIR = {"models.cnn": PARAMS["model"], "models.vit": {**PARAMS["model"], "timm": "test_vit"}, "seed": 7}


@pytest.fixture
def joined(results):
    """The results of two classifiers and of the pair that they join, which has no head, history or maps of its own."""
    sound_results.write(results, "vit")
    sound_results.write(results, "pair")
    for path in ("outputs/backbones/pair.json", "reports/history/pair.csv"):
        (results / path).unlink()
    for path in ("outputs/heads/pair", "outputs/explain/pair"):
        shutil.rmtree(results / path)
    return results


def test_a_joined_pair_is_both_heads_and_its_own_figures(joined):
    found = content.gather(PAIR, OF_PAIR, root=joined)
    assert [(member.name, member.head) for member in found.members] == [
        ("cnn", joined / "outputs/heads/cnn"),
        ("vit", joined / "outputs/heads/vit"),
    ]
    assert found.members[1].settings["timm"] == "test_vit"
    assert (found.labels, found.tau, len(found.history)) == (("eczema", "nevus"), 0.5, 0)
    assert {"outputs/heads/cnn/head.safetensors", "outputs/heads/vit/head.safetensors"} <= set(found.files)
    assert "best_epoch" not in found.metrics
    # Its key follows both heads, and its own answers.
    for path in ("outputs/heads/vit/head.safetensors", "outputs/predictions/pair.parquet"):
        before = content.content_key(found.files, OF_PAIR, root=joined)
        (joined / path).write_bytes((joined / path).read_bytes() + b" ")
        assert content.content_key(found.files, OF_PAIR, root=joined) != before


def test_a_pair_on_one_backbone_names_it_once():
    pair = content.Subject("both", (("cnn-study", "cnn"), ("cnn-tuned", "cnn")))
    assert content.parts(pair) == {"lesionflow.backbone": "cnn", "lesionflow.recipe": "study, tuned"}
    assert content.paths(pair).count("outputs/backbones/cnn.json") == 1


def test_settings_are_those_of_each_backbone_and_recipe(tmp_path):
    sections = {**dict.fromkeys(content.SECTIONS, 1), "models": {"a": 2, "b": 3}, "recipes": {"r": {"x": 4}}}
    (tmp_path / "params.yaml").write_text(json.dumps(sections))
    shared = dict.fromkeys(content.SECTIONS, 1)
    alone = content.settings(content.subject("a-r"), tmp_path / "params.yaml")
    assert alone == {**shared, "model": 2, "recipe": {"name": "r", "x": 4}}
    pair = content.subject("p", [Joined(name="p", first="a-r", second="b-r")])
    found = content.settings(pair, tmp_path / "params.yaml")
    assert found == {**shared, "models.a": 2, "models.b": 3, "recipes.r": {"x": 4}, "joined": ["a-r", "b-r"]}

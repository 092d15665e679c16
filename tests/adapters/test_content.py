import shutil

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionflow.adapters import content
from lesionflow.errors import LesionflowError
from tests.adapters import sound_results
from tests.adapters.sound_results import PARAMS, put


def key(root, params=PARAMS):
    return content.gather("cnn", params, root=root).key


@pytest.fixture
def results(tmp_path):
    return sound_results.write(tmp_path / "project")


def test_a_run_holds_params_metrics_with_intervals_and_every_file(results):
    found = content.gather("cnn", PARAMS, root=results)
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


ALL = [pattern.format(slug="cnn", backbone="cnn") for pattern in content.ONE_FILE]


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
    assert "reports/validation/docs/index.html" in content.gather("cnn", PARAMS, root=results).files


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
        content.gather("cnn", PARAMS, root=results)
    assert str(target) in str(raised.value)
    assert "dvc pull" in str(raised.value)


def test_a_history_without_epochs_is_empty(results):
    put(results / "reports/history/cnn.csv", "epoch,train_loss\n")
    assert isinstance(content.gather("cnn", PARAMS, root=results).history, pd.DataFrame)


NAMES = st.text(st.characters(codec="ascii", categories=["L"]), min_size=1).filter(lambda name: name != "value")
NUMBERS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)


@given(st.dictionaries(NAMES, NUMBERS | st.dictionaries(NAMES, NUMBERS)))
def test_flattening_keeps_each_number_once_and_nothing_else(nested):
    leaves = [leaf for value in nested.values() for leaf in (value.values() if isinstance(value, dict) else [value])]
    numbers = [leaf for leaf in leaves if isinstance(leaf, (int, float)) and not isinstance(leaf, bool)]
    assert sorted(content.flat(nested, ".").values()) == sorted(numbers)

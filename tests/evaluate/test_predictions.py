import numpy as np
import pandas as pd
import pytest

from lesionflow.errors import LesionflowError
from lesionflow.evaluate import predictions
from lesionflow.evaluate.settings import EvaluateParams

SPLIT = pd.DataFrame(
    {
        "sha256": ["a", "b", "c", "d", "e", "f"],
        "split": ["test", "test", "test", "test", "val", "train"],
        "group": ["g1", "g1", "g2", "g3", "g4", "g5"],
        "label": ["x", "y", "y", "x", "x", "y"],
        "class_id": [0, 1, 1, 0, 0, 1],
    }
)
PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4], [0.1, 0.9], [0.0, 1.0]], dtype=np.float32)
SETTINGS = EvaluateParams(confidence=0.9, bootstrap=50, top_k=2, specificity=0.5)
LABELS = ["x", "y"]


def table(split=SPLIT, probabilities=PROBABILITIES):
    return predictions.table(split, probabilities, LABELS, model="m")


def test_predictions_name_the_most_probable_label():
    assert table()["predicted"].tolist() == ["x", "y", "x", "x", "y", "y"]
    assert set(table()["model"]) == {"m"}


def test_report_measures_each_split_and_counts_test_groups():
    found = predictions.report(table(), LABELS, SETTINGS, seed=1)
    # Of a, b, c, d only c is wrong; the photo of val is wrong, that of train right.
    assert found["test"]["accuracy"]["value"] == 0.75
    assert (found["test"]["photos"], found["test"]["groups"]) == (4, 3)
    assert (found["val"]["accuracy"], found["train"]["accuracy"]) == (0.0, 1.0)


def test_alarm_s_threshold_comes_from_validation_and_is_reported():
    # y is malignant; the one validation photo is of x, with 0.9 for y: no test photo lies above that.
    found = predictions.report(table(), LABELS, SETTINGS, seed=1, malignant={"y", "of another class"})
    assert found["alarm"] == {"specificity": 0.5, "threshold": pytest.approx(0.9)}
    assert found["test"]["malignant_sensitivity"]["value"] == 0.0
    assert found["test"]["malignant_specificity"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    # 0.8 and 0.3 of y against 0.1 and 0.4 of x: three of four pairs are in order.
    assert found["test"]["malignant_auroc"]["value"] == 0.75


def test_where_nothing_is_malignant_the_alarm_is_not_available():
    found = predictions.report(table(), LABELS, SETTINGS, seed=1)
    assert found["test"]["malignant_auroc"] == {"value": None, "low": None, "high": None}
    assert found["alarm"]["threshold"] is None


def test_what_is_not_finite_becomes_none_in_reports():
    assert predictions.rounded({"a": [float("nan"), 1 / 3], "b": {"c": float("inf")}, "d": 1}) == {
        "a": [None, 0.333333], "b": {"c": None}, "d": 1,
    }  # fmt: skip


def test_a_split_without_validation_photos_reports_nothing_of_them():
    found = predictions.report(table(SPLIT[:4], PROBABILITIES[:4]), LABELS, SETTINGS, seed=1)
    assert found["val"]["accuracy"] is None


def test_confusion_and_classes_hold_the_test_photos_alone():
    found = predictions.confusion(table())
    assert found.to_dict("list") == {"actual": ["x", "y", "y", "x"], "predicted": ["x", "y", "x", "x"]}
    assert predictions.per_class(table(), LABELS)["support"].tolist() == [2, 2]


def test_no_test_photo_is_an_error_that_names_the_setting():
    with pytest.raises(LesionflowError, match=r"Raise curate.split.test in params.yaml"):
        predictions.report(table(SPLIT[4:], PROBABILITIES[4:]), LABELS, SETTINGS, seed=1)


def test_a_probability_that_is_not_finite_names_its_photo():
    broken = PROBABILITIES.copy()
    broken[2, 0] = np.nan
    with pytest.raises(LesionflowError, match="predictions of m: photo c"):
        table(probabilities=broken)


def test_a_head_of_other_classes_is_refused():
    with pytest.raises(LesionflowError) as error:
        predictions.refuse_other_labels(["y", "x"], LABELS, model="m")
    assert str(error.value) == (
        "head of m\n  got:      classes y, x\n  expected: x, y\n  to do:    Run `dvc repro train`."
    )

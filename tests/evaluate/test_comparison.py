import io
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionflow.errors import LesionflowError
from lesionflow.evaluate import comparison, predictions
from lesionflow.evaluate.settings import CompareParams

SETTINGS = CompareParams(criterion="accuracy")
ASKED = {"count": 400, "confidence": 0.95, "seed": 1}
LABELS = ["x", "y"]


def table(right_test, right_val, *, groups=None):
    """Predictions of so many photos of x and y in turn, of which those flagged are right."""
    right = np.array([*right_test, *right_val])
    class_id = np.arange(len(right)) % 2
    names = [f"{row:04}" for row in range(len(right))]
    frame = pd.DataFrame({"sha256": names, "class_id": class_id, "label": [LABELS[one] for one in class_id]})
    frame["split"] = ["test"] * len(right_test) + ["val"] * len(right_val)
    frame["group"] = names if groups is None else groups
    return predictions.table(frame, np.eye(2)[np.where(right, class_id, 1 - class_id)], LABELS, model="m")


def rights(share, photos=200):
    """So large a share of the photos, spread evenly over both classes."""
    return (np.arange(photos) // 2) % 100 < 100 * share


def test_a_clear_difference_is_found_and_a_small_one_is_noise():
    val = [True] * 4
    tables = {
        "bad": table(rights(0.5), [True, False, False, False]),
        "best": table(rights(0.8), val),
        "near": table(rights(0.79), [True, True, True, False]),
    }
    found = comparison.compare(tables, LABELS, SETTINGS, **ASKED)
    assert found["best"] == "best"
    assert {model: row["verdict"] for model, row in found["models"].items()} == {
        "bad": "worse", "best": "best", "near": "noise",
    }  # fmt: skip
    bad = found["models"]["bad"]
    assert bad["accuracy"]["value"] == pytest.approx(-0.3)
    assert bad["accuracy"]["low"] < -0.3 < bad["accuracy"]["high"] < 0
    # No resample is without a difference: p is 2 * (0 + 1) / 401, and twice that among two models.
    assert bad["accuracy"]["p"] == pytest.approx(2 / 401, abs=1e-6)
    assert bad["accuracy"]["p_holm"] == pytest.approx(4 / 401, abs=1e-6)
    # 60 photos are right with the best alone, none with the other alone: 2 * 0.5^60.
    assert (bad["mcnemar"]["right_alone"], bad["mcnemar"]["best_right_alone"]) == (0, 60)


def test_choice_looks_at_validation_and_a_tie_keeps_the_order():
    tables = {"a": table([False] * 4, [True, True]), "b": table([True] * 4, [True, True])}
    assert comparison.compare(tables, LABELS, SETTINGS, **ASKED)["best"] == "a"
    assert comparison.compare(dict(reversed(tables.items())), LABELS, SETTINGS, **ASKED)["best"] == "b"


def test_equal_models_differ_by_noise_in_any_number():
    same = table(rights(0.7), [True])
    found = comparison.compare({"a": same, "b": same}, LABELS, SETTINGS, **ASKED)["models"]["b"]
    assert found["accuracy"] == {"value": 0.0, "low": 0.0, "high": 0.0, "p": 1.0, "p_holm": 1.0}
    assert found["mcnemar"] == {"right_alone": 0, "best_right_alone": 0, "p": 1.0, "p_holm": 1.0}


def test_without_validation_photos_there_is_no_best_and_no_verdict():
    found = comparison.compare({"a": table([True, False], [])}, LABELS, SETTINGS, **ASKED)
    assert found["best"] is None
    assert found["models"]["a"] == {"verdict": "not available"}
    assert comparison.to_csv(found) == "model,verdict\na,not available\n"


def test_photos_of_one_group_allow_no_verdict():
    groups = ["g"] * 4 + ["v"]
    tables = {"a": table([True] * 4, [True], groups=groups), "b": table([False] * 4, [False], groups=groups)}
    found = comparison.compare(tables, LABELS, SETTINGS, **ASKED)["models"]["b"]
    assert found["accuracy"] == {"value": -1.0, "low": None, "high": None, "p": None}
    assert found["verdict"] == "not available"


def test_models_tested_on_other_photos_are_refused():
    other = table([True, True], [True]).assign(sha256=["other", "b", "c"])
    with pytest.raises(LesionflowError, match="predictions of b"):
        comparison.compare({"a": table([True, True], [True]), "b": other}, LABELS, SETTINGS, **ASKED)


def test_csv_has_a_row_a_model_and_json_holds_all():
    tables = {"a": table(rights(0.8), [True]), "b": table(rights(0.7), [False])}
    found = comparison.compare(tables, LABELS, SETTINGS, **ASKED)
    json.dumps(found, allow_nan=False)
    rows = pd.read_csv(io.StringIO(comparison.to_csv(found))).set_index("model")
    assert rows.loc["b", "accuracy"] == pytest.approx(-0.1)
    assert rows.loc["b", "mcnemar_best_right_alone"] == 20
    assert pd.isna(rows.loc["a", "accuracy"])


def test_mcnemar_by_hand():
    first, second = np.array([1, 1, 1, 1, 1, 0, 1, 0], bool), np.array([0, 0, 0, 0, 0, 1, 1, 0], bool)
    # 5 against 1 of 6: two-sided 2 * (1 + 6) / 2^6.
    assert comparison.mcnemar(first, second) == (5, 1, pytest.approx(14 / 64))


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_raises_and_never_reorders(p_values):
    found = comparison.holm(p_values)
    assert all(before <= after <= 1 for before, after in zip(p_values, found, strict=True))
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(np.array(found)[order]) >= 0).all()
    # Rejects whenever Bonferroni does.
    assert all(after <= min(1, before * len(p_values)) + 1e-12 for before, after in zip(p_values, found, strict=True))


def test_bootstrap_p_needs_half_of_the_resamples():
    assert comparison.bootstrap_p(np.array([np.nan, np.nan, 1.0])) is None
    # Of three, one at or below 0, two at or above: 2 * (1 + 1) / 4.
    assert comparison.bootstrap_p(np.array([-1.0, 1.0, 2.0])) == 1.0

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from lesionflow.evaluate import metrics


def one_hot(predicted, classes):
    return np.eye(classes)[predicted]


def test_figures_of_a_small_case_by_hand():
    # Truth 0,0,0,1; predicted 0,0,1,1: accuracy 3/4; recalls 2/3 and 1; precisions 1 and 1/2;
    # F1 0.8 and 2/3; MCC = (TP*TN-FP*FN)/sqrt(...) = (1*2-1*0)/sqrt(2*1*3*2) = 2/sqrt(12).
    found = metrics.measure(one_hot([0, 0, 1, 1], 2), np.array([0, 0, 0, 1]), top_k=1)
    assert found["accuracy"] == 0.75
    assert found["balanced_accuracy"] == pytest.approx(5 / 6)
    assert found["macro_precision"] == 0.75
    assert found["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert found["weighted_recall"] == 0.75
    assert found["mcc"] == pytest.approx(2 / 12**0.5)
    assert found["top_1"] == 0.75


@given(st.integers(2, 6), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_figures_equal_those_of_scikit_learn(classes, photos, seed):
    rng = np.random.default_rng(seed)
    truth, predicted = rng.integers(0, classes, photos), rng.integers(0, classes, photos)
    found = metrics.measure(one_hot(predicted, classes), truth, top_k=1)
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(truth, predicted))
    for average in ("macro", "weighted"):
        expected = sk.precision_recall_fscore_support(truth, predicted, average=average, zero_division=0)[:3]
        for name, value in zip(("precision", "recall", "f1"), expected, strict=True):
            assert found[f"{average}_{name}"] == pytest.approx(value)
    recalls = [np.mean(predicted[truth == c] == c) for c in np.unique(truth)]
    assert found["balanced_accuracy"] == pytest.approx(np.mean(recalls))
    if len(set(truth)) > 1 and len(set(predicted)) > 1:
        assert found["mcc"] == pytest.approx(sk.matthews_corrcoef(truth, predicted))
    else:
        assert np.isnan(found["mcc"])


def test_top_k_counts_the_truth_among_the_k_most_probable():
    probabilities = np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2], [0.5, 0.3, 0.2]])
    # Ranks of the truths 0, 1, 2 are 1, 2, 3: two of three lie within the first two.
    assert metrics.top_k_hits(probabilities, np.array([0, 1, 2]), 2).tolist() == [True, True, False]


def test_what_is_not_defined_is_not_available_and_never_zero():
    # Class 1 is never predicted and class 2 never occurs.
    table = metrics.per_class(one_hot([0, 0, 2], 3), np.array([0, 1, 1]), ["a", "b", "c"]).set_index("label")
    assert np.isnan(table.loc["b", "precision"])
    assert np.isnan(table.loc["c", "recall"])
    assert table["support"].tolist() == [1, 2, 0]
    assert metrics.available({"x": float("nan"), "y": 0.1234567}) == {"x": None, "y": 0.123457}

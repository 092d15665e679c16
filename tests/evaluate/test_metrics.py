import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss

from lesionflow.errors import LesionflowError
from lesionflow.evaluate import metrics
from lesionflow.evaluate.malignancy import Alarm


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


def test_a_class_without_photos_is_left_out_of_the_means():
    # Class 2 has no photo but takes one of class 1: recalls 1 and 1/2; the mean is over classes 0 and 1.
    found = metrics.measure(one_hot([0, 1, 2], 3), np.array([0, 1, 1]), top_k=1)
    assert found["balanced_accuracy"] == found["macro_recall"] == 0.75


def test_giving_up_a_class_costs_precision():
    # Class 1 is never predicted: precision 2/3 of class 0, and 0 (not undefined) of class 1.
    found = metrics.measure(one_hot([0, 0, 0], 2), np.array([0, 0, 1]), top_k=1)
    assert found["macro_precision"] == pytest.approx(1 / 3)


def test_without_photos_nothing_is_defined():
    assert set(metrics.measure(np.empty((0, 3)), np.array([], dtype=int), top_k=2).values()) == {None}


@pytest.mark.parametrize(("truth", "predicted"), [([0, 0], [0, 1]), ([0, 1], [0, 0])])
def test_correlation_with_a_constant_is_not_defined(truth, predicted):
    assert metrics.measure(one_hot(predicted, 2), np.array(truth))["mcc"] is None


def test_top_k_counts_the_truth_among_the_k_most_probable():
    probabilities = np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2], [0.5, 0.3, 0.2]])
    # Ranks of the truths 0, 1, 2 are 1, 2, 3: two of three lie within the first two.
    assert metrics.top_k_hits(probabilities, np.array([0, 1, 2]), k=2).tolist() == [True, True, False]


@settings(max_examples=40, deadline=None)  # scikit-learn is slow on its first calls
@given(st.integers(1, 5), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_top_1_is_accuracy_and_top_all_is_certain(classes, photos, seed):
    rng = np.random.default_rng(seed)
    probabilities = rng.integers(0, 3, (photos, classes)) / 4  # many ties
    truth = rng.integers(0, classes, photos)
    found = metrics.measure(probabilities, truth, top_k=1)
    assert found["top_1"] == found["accuracy"]
    assert metrics.top_k_hits(probabilities, truth, k=classes).all()


def test_per_class_table_leaves_the_undefined_empty():
    # Class b is never predicted and class c never occurs, but takes a photo.
    table = metrics.per_class(one_hot([0, 0, 2], 3), np.array([0, 1, 1]), ["a", "b", "c"]).set_index("label")
    assert table.loc["a", ["precision", "recall", "support"]].tolist() == [0.5, 1, 1]
    assert np.isnan(table.loc["b", "precision"])
    assert table.loc["b", "f1"] == 0
    assert np.isnan(table.loc["c", "recall"])
    assert table["support"].tolist() == [1, 2, 0]
    assert metrics.per_class(np.empty((0, 2)), np.array([], dtype=int), ["a", "b"])["support"].tolist() == [0, 0]


def test_losses_of_two_photos_by_hand():
    # Log loss: (-ln 0.5 - ln 0.25) / 2 = 1.5 ln 2. Brier: ((0.5^2 + 0.5^2) + (0.75^2 + 0.75^2)) / 2 = 0.8125.
    found = metrics.measure(np.array([[0.5, 0.5], [0.75, 0.25]]), np.array([0, 1]))
    assert found["log_loss"] == pytest.approx(1.5 * np.log(2))
    assert found["brier"] == pytest.approx(0.8125)


def test_a_certain_mistake_costs_the_most_but_not_infinitely():
    found = metrics.measure(one_hot([1], 2), np.array([0]))
    assert found["brier"] == 2
    assert found["log_loss"] == pytest.approx(-np.log(2.220446049250313e-16))


@settings(max_examples=40, deadline=None)  # scikit-learn is slow on its first calls
@given(st.integers(2, 5), st.integers(2, 40), st.integers(0, 2**32 - 1))
def test_losses_are_scikit_learn_s(classes, photos, seed):
    rng = np.random.default_rng(seed)
    probabilities, truth = rng.dirichlet(np.full(classes, 0.3), photos), rng.integers(0, classes, photos)
    found = metrics.measure(probabilities, truth)
    assert found["log_loss"] == pytest.approx(log_loss(truth, probabilities, labels=range(classes)))
    brier = brier_score_loss(truth, probabilities, labels=range(classes), scale_by_half=False)
    assert found["brier"] == pytest.approx(brier)


def test_kappa_of_a_small_case_by_hand():
    # Agreement 3/4; by chance (2 * 3 + 2 * 1) / 16 = 1/2; kappa (3/4 - 1/2) / (1 - 1/2).
    assert metrics.measure(one_hot([0, 0, 0, 1], 2), np.array([0, 0, 1, 1]))["kappa"] == 0.5


@pytest.mark.parametrize("name", ["kappa", "macro_auroc", "macro_auprc"])
def test_truth_of_one_class_leaves_undefined(name):
    assert metrics.measure(one_hot([0, 1], 2), np.array([0, 0]))[name] is None


def test_areas_are_means_over_the_classes_with_photos():
    # Class 2 has no photo. Class 0: photo 0 scores 0.6, the others 0.2 and 0.5: AUROC 1, precision 1. Class 1: photos
    # 1 and 2 score 0.3 and 0.1, photo 0 scores 0.2: one pair of two in order; precision (1 + 2/3) / 2.
    probabilities = np.array([[0.6, 0.2, 0.2], [0.2, 0.3, 0.5], [0.5, 0.1, 0.4]])
    found = metrics.measure(probabilities, np.array([0, 1, 1]))
    assert found["macro_auroc"] == pytest.approx((1 + 0.5) / 2)
    assert found["macro_auprc"] == pytest.approx((1 + (1 + 2 / 3) / 2) / 2)


def test_alarm_is_measured_at_its_threshold():
    # Malignant are classes 1 and 2; their probability is 0.9, 0.4 (malignant) and 0.6, 0.4, 0.1 (not).
    score = np.array([0.9, 0.4, 0.6, 0.4, 0.1])
    probabilities, truth = np.stack([1 - score, score / 2, score / 2], axis=1), np.array([1, 2, 0, 0, 0])
    found = metrics.measure(probabilities, truth, alarm=Alarm(np.array([False, True, True]), 0.4))
    # Above 0.4 lie one of two and one of three. AUROC: 0.9 beats three, 0.4 beats 0.1 and ties with 0.4.
    assert (found["malignant_sensitivity"], found["malignant_specificity"]) == (0.5, pytest.approx(2 / 3))
    assert found["malignant_auroc"] == pytest.approx((3 + 1.5) / 6)


@pytest.mark.parametrize("malignant", [[False, False], [True, True]])
def test_without_known_malignant_classes_the_alarm_is_not_available(malignant):
    found = metrics.measure(one_hot([0, 1], 2), np.array([0, 1]), alarm=Alarm(np.array(malignant), 0.5))
    assert {value for name, value in found.items() if name.startswith("malignant")} == {None}


def test_alarm_without_photos_of_one_side_has_the_other_side_alone():
    found = metrics.measure(one_hot([0, 1], 2), np.array([0, 0]), alarm=Alarm(np.array([False, True]), 0.5))
    # No malignant photo; of two others one raises the alarm.
    assert (found["malignant_auroc"], found["malignant_sensitivity"]) == (None, None)
    assert found["malignant_specificity"] == 0.5


def test_names_are_those_of_the_measures():
    assert list(metrics.measure(one_hot([0, 1], 2), np.array([0, 1]), top_k=2)) == metrics.names(2)


@pytest.mark.parametrize(
    ("probabilities", "class_id", "words"),
    [
        (np.ones((2, 2)), np.array([0]), "(photos, classes) and (photos,)"),
        (np.ones((1, 2)), np.array([2]), "class_id in row 0"),
        (np.ones((1, 2)), np.array([-1]), "0 to 1"),
        (np.array([[0.5, 0.5], [np.nan, 1]]), np.array([0, 1]), "probabilities in row 1"),
    ],
)
def test_unusable_predictions_are_refused(probabilities, class_id, words):
    with pytest.raises(LesionflowError) as error:
        metrics.measure(probabilities, class_id)
    assert words in str(error.value)

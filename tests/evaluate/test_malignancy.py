import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionflow.evaluate import malignancy

SECOND = malignancy.of([False, True])


def probabilities(scores):
    return np.stack([1 - np.asarray(scores), scores], axis=1)


def test_score_is_the_summed_probability_of_the_malignant_classes():
    alarm = malignancy.of([True, False, True])
    assert alarm.scores(np.array([[0.5, 0.25, 0.25]])).tolist() == [0.75]
    assert alarm.truth(np.array([0, 1, 2])).tolist() == [True, False, True]


def test_threshold_is_the_lowest_that_keeps_the_specificity():
    # Ten benign photos 0.0 to 0.9, specificity 0.9: nine may not lie above; the ninth is 0.8. Malignant say nothing.
    scores, truth = [*np.arange(10) / 10, 0.05, 0.99], np.array([0] * 10 + [1, 1])
    alarm = malignancy.with_threshold(SECOND, probabilities(scores), truth, specificity=0.9)
    assert alarm.threshold == pytest.approx(0.8)


@given(st.integers(1, 60), st.floats(0.01, 0.99), st.integers(0, 2**32 - 1))
def test_chosen_specificity_is_kept_and_no_lower_threshold_keeps_it(photos, specificity, seed):
    scores = np.random.default_rng(seed).integers(0, 8, photos) / 8
    alarm = malignancy.with_threshold(
        SECOND, probabilities(scores), np.zeros(photos, dtype=int), specificity=specificity
    )
    assert (scores <= alarm.threshold).mean() >= specificity - 1e-9
    lower = scores[scores < alarm.threshold]
    assert not len(lower) or (scores <= lower.max()).mean() < specificity


def test_without_a_benign_validation_photo_there_is_no_threshold():
    alarm = malignancy.with_threshold(SECOND, probabilities([0.5]), np.array([1]), specificity=0.9)
    assert alarm.threshold is None
    assert alarm.available


@pytest.mark.parametrize("malignant", [[], [False, False], [True, True]])
def test_alarm_needs_classes_of_both_kinds(malignant):
    alarm = malignancy.of(malignant)
    assert not alarm.available
    classes = len(malignant)
    same = malignancy.with_threshold(alarm, np.ones((2, classes)), np.zeros(2, dtype=int), specificity=0.9)
    assert same.threshold is None

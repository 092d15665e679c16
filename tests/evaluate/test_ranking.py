import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from lesionflow.evaluate import ranking

ONCE = np.ones((4, 1))


def test_areas_of_a_small_case_by_hand():
    # Positive 0.9 and 0.4, negative 0.4 and 0.1: 0.9 beats two, 0.4 beats one and ties with one: 3.5 of 4 pairs.
    # Precision 1 at 0.9, 2/3 at 0.4 (three photos lie there or above): (1 + 2/3) / 2.
    found = ranking.areas(np.array([0.4, 0.9, 0.1, 0.4]), np.array([True, True, False, False]), ONCE)
    assert found[0] == pytest.approx([3.5 / 4])
    assert found[1] == pytest.approx([5 / 6])


def test_one_sided_weightings_are_undefined():
    scores, positive = np.array([0.1, 0.2]), np.array([True, False])
    # Only the positive photo, only the negative one, neither, both.
    weights = np.array([[1.0, 0, 0, 1], [0, 1, 0, 1]])
    for found in ranking.areas(scores, positive, weights):
        assert np.isnan(found).tolist() == [True, True, True, False]


@settings(max_examples=60, deadline=None)  # scikit-learn is slow on its first calls
@given(st.integers(2, 40), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_areas_are_scikit_learn_s_with_ties_and_any_weights(photos, levels, seed):
    rng = np.random.default_rng(seed)
    scores, positive = rng.integers(0, levels, photos) / 7, rng.random(photos) < 0.4
    weights = rng.integers(0, 4, (photos, 5)).astype(float)
    auroc, precision = ranking.areas(scores, positive, weights)
    for place, weight in enumerate(weights.T):
        if (weight * positive).sum() and (weight * ~positive).sum():
            assert auroc[place] == pytest.approx(roc_auc_score(positive, scores, sample_weight=weight))
            assert precision[place] == pytest.approx(average_precision_score(positive, scores, sample_weight=weight))
        else:
            assert np.isnan(auroc[place])
            assert np.isnan(precision[place])


def test_macro_leaves_out_the_classes_that_weigh_nothing():
    # Class 0 alone in the second weighting: undefined. In the first, both classes are ranked in order.
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    found = ranking.macro(probabilities, np.array([0, 0, 1]), np.array([[1.0, 1], [1, 1], [1, 0]]))
    assert found[0][0] == found[1][0] == 1
    assert np.isnan([found[0][1], found[1][1]]).all()


def test_macro_without_photos_is_undefined():
    assert np.isnan(ranking.macro(np.empty((0, 2)), np.array([], dtype=int), np.empty((0, 3)))).all()

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, matthews_corrcoef

from lesionflow.learn import selection


def test_score_trades_balanced_accuracy_for_correlation():
    # Truth 0 0 0 1, predicted 0 0 1 1: recalls 2/3 and 1; MCC = (2*1 - 1*0) / sqrt(2*3*2*1) = 2 / sqrt 12.
    actual, predicted = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    assert selection.score(actual, predicted, 2, trade=1.0) == pytest.approx(5 / 6)
    assert selection.score(actual, predicted, 2, trade=0.0) == pytest.approx(2 / 12**0.5)
    assert selection.score(actual, predicted, 2, trade=0.25) == pytest.approx(0.25 * 5 / 6 + 0.75 * 2 / 12**0.5)


def test_a_single_prediction_has_no_correlation():
    assert selection.score(np.array([0, 1]), np.array([0, 0]), 2, trade=0.5) == 0.25


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=30), st.floats(0, 1))
def test_score_is_made_of_scikit_learns(pairs, trade):
    rows = np.array([*pairs, *((label, label) for label in range(4))])  # each class has a photo
    actual, predicted = rows[:, 0], rows[:, 1]
    expected = trade * balanced_accuracy_score(actual, predicted) + (1 - trade) * matthews_corrcoef(actual, predicted)
    assert selection.score(actual, predicted, 4, trade=trade) == pytest.approx(expected)


def test_log_prior_is_of_the_shares():
    np.testing.assert_allclose(np.exp(selection.log_prior(np.array([0, 0, 0, 1]), 2)), [0.75, 0.25], rtol=1e-6)


def test_adjustment_takes_the_tau_that_recognises_the_rare_class():
    prior = np.log(np.float32([0.9, 0.1]))
    # The rare photo lacks 1 in its logit; a tau of 0.5 gives it 0.5 * ln 9 = 1.1, 1.0 gives 2.2 and takes a common one.
    logits = np.float32([[1.5, 0], [1.5, 0], [1.0, 0]])
    assert selection.adjustment(logits, np.array([0, 0, 1]), prior, (0.0, 0.5, 1.0), trade=0.5) == (0.5, 1.0)
    assert selection.adjusted(logits, prior, 0.5).argmax(axis=1).tolist() == [0, 0, 1]


def test_of_equal_scores_the_smallest_tau_wins_whatever_their_order():
    logits, prior = np.float32([[9, 0], [0, 9]]), np.log(np.float32([0.5, 0.5]))
    assert selection.adjustment(logits, np.array([0, 1]), prior, (1.0, 0.25, 0.5), trade=0.5) == (0.25, 1.0)


def test_tau_is_the_mean_of_the_best_of_resamples():
    # The first rare photo is found with every tau, the second from 1.0 on, where one of two common ones is lost. Each
    # resample draws two of each; what is best in it is counted by hand from the draws.
    prior = np.log(np.float32([0.9, 0.1]))  # tau 1 gives the rare class ln 9 = 2.2
    logits, actual = np.float32([[9, 0], [2, 0], [0, 9], [2, 0]]), np.array([0, 0, 1, 1])
    best = []
    for lost, _, missed in selection._resampled(actual, 2)[:, [1, 2, 3]]:
        # Balanced accuracy is (2 + 2 - missed) / 4 at tau 0, and (2 - lost + 2) / 4 at tau 1.
        best.append(1.0 if missed > lost else 0.0)
    tau, _ = selection.adjustment(logits, actual, prior, (0.0, 1.0), trade=1.0)
    assert tau == pytest.approx(np.mean(best), abs=5e-4)
    assert 0.2 < tau < 0.5  # a third, in the long run: missed exceeds lost in 5 of 16 draws


def test_resamples_draw_as_many_of_each_class_as_there_are():
    actual = np.array([0, 1, 1, 2, 2, 2])
    counts = selection._resampled(actual, 3)
    sums = np.stack([counts[:, actual == class_id].sum(axis=1) for class_id in range(3)], axis=1)
    assert (sums == [1, 2, 3]).all()
    assert np.array_equal(counts, selection._resampled(actual, 3))
    assert counts[:, 3].std() > 0


def test_without_taus_nothing_is_adjusted():
    logits, prior = np.float32([[1.0, 0], [1.0, 0]]), np.log(np.float32([0.99, 0.01]))
    # One class predicted: recalls 1 and 0, no correlation.
    assert selection.adjustment(logits, np.array([0, 1]), prior, (), trade=0.5) == (0.0, 0.25)
    assert np.array_equal(selection.adjusted(logits, prior, 0.0), logits)

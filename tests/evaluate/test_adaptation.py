import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lesionflow.evaluate import adaptation

HALVES = np.array([0.5, 0.5])


def test_matched_features_have_the_training_photos_mean_and_deviation():
    # Column 1: mean 1, deviation 1 becomes mean 3, deviation 2. Column 2 never varies: it is only moved, to mean 6.
    matched = adaptation.match_statistics(np.array([[0.0, 10], [2, 10]]), np.array([[1.0, 5], [5, 7]]))
    assert matched.tolist() == [[1, 6], [5, 6]]
    assert matched.dtype == np.float32


def test_matching_no_photo_gives_no_photo():
    assert adaptation.match_statistics(np.empty((0, 3)), np.ones((4, 3))).shape == (0, 3)


@given(hnp.arrays(float, (7, 2), elements=st.floats(-100, 100).map(lambda value: round(value, 3))))
def test_matching_is_undone_by_no_move_or_scale_of_the_source(features):
    own = np.array([[0.0, 1], [2, 5], [1, 1]])
    plain = adaptation.match_statistics(features, own)
    assert adaptation.match_statistics(3 * features + 7, own) == pytest.approx(plain, abs=1e-3)


def test_shares_are_found_from_posteriors_alone():
    # A sign is seen on 8 in 10 photos of the second class and 2 in 10 of the first. At even shares its posterior is
    # 0.8. It is seen on 65 of 100 photos, so that q * 0.8 + (1 - q) * 0.2 = 0.65: q = 0.75.
    said = np.where(np.arange(100) < 65, 0.8, 0.2)
    found = adaptation.estimated_shares(np.stack([1 - said, said], axis=1), HALVES)
    assert found == pytest.approx([0.25, 0.75], abs=1e-4)


def test_photos_that_say_nothing_leave_the_shares_as_they_were():
    shares = np.array([0.7, 0.2, 0.1])
    assert adaptation.estimated_shares(np.tile(shares, (5, 1)), shares) == pytest.approx(shares)
    assert adaptation.estimated_shares(np.empty((0, 3)), shares).tolist() == shares.tolist()


@given(hnp.arrays(float, (6, 3), elements=st.floats(0.01, 1)), hnp.arrays(float, 3, elements=st.floats(0.05, 1)))
def test_shares_found_are_shares_and_no_less_likely_than_those_of_training(raw, weights):
    posterior, shares = raw / raw.sum(axis=1, keepdims=True), weights / weights.sum()
    found = adaptation.estimated_shares(posterior, shares)
    assert found.sum() == pytest.approx(1)
    assert (found >= 0).all()
    # The likelihood of the photos is, up to a constant, the product of sum over y of p(y | x) q(y) / pi(y).
    assert np.log(posterior @ (found / shares)).sum() >= -1e-9


def test_probabilities_follow_the_shares():
    said = np.array([[0.8, 0.2]])
    # 0.8 * 0.25 / 0.5 = 0.4 and 0.2 * 0.75 / 0.5 = 0.3.
    moved = adaptation.at_shares(said, HALVES, np.array([0.25, 0.75]), tau=0)
    assert moved == pytest.approx(np.array([[4 / 7, 3 / 7]]))
    assert adaptation.at_shares(said, HALVES, HALVES, tau=0) == pytest.approx(said)
    # A class of which there is no photo is never the answer.
    assert adaptation.at_shares(said, HALVES, np.array([0.0, 1.0]), tau=0) == pytest.approx(np.array([[0, 1]]))


def test_a_classifier_adjusted_for_rare_classes_keeps_its_trade():
    shares, found, likelihood = np.array([0.9, 0.1]), np.array([0.2, 0.8]), np.array([0.3, 0.6])
    for tau in (0.0, 0.5, 1.0):
        adjusted = likelihood * shares ** (1 - tau)
        wanted = likelihood * found ** (1 - tau)  # the same rule, had training had these shares
        moved = adaptation.at_shares((adjusted / adjusted.sum())[None], shares, found, tau=tau)
        assert moved == pytest.approx((wanted / wanted.sum())[None])
    said = np.array([[0.4, 0.6]])
    assert adaptation.at_shares(said, shares, found, tau=1.5) == pytest.approx(said)


def test_adjustment_is_undone_before_shares_are_estimated():
    shares = np.array([0.8, 0.2])
    posterior = np.array([[0.5, 0.5], [0.9, 0.1]])
    adjusted = posterior / shares**0.7
    adjusted /= adjusted.sum(axis=1, keepdims=True)
    assert adaptation.unadjusted(adjusted, shares, tau=0.7) == pytest.approx(posterior)
    _, found = adaptation.correct_prior(adjusted, shares, tau=0.7, temperature=1.0)
    assert found == pytest.approx(adaptation.estimated_shares(posterior, shares))


def test_the_estimate_looks_at_calibrated_posteriors_and_the_answer_keeps_its_own_sureness():
    # Far too sure: 0.99 where 0.8 is right; at temperature ln(99) / ln(4) it says 0.8, and q = 0.75 as above.
    said = np.where(np.arange(100) < 65, 0.99, 0.01)
    sure = np.stack([1 - said, said], axis=1)
    moved, found = adaptation.correct_prior(sure, HALVES, tau=0, temperature=np.log(99) / np.log(4))
    assert found == pytest.approx([0.25, 0.75], abs=1e-4)
    # 0.99 * 1.5 against 0.01 * 0.5.
    assert moved[0, 1] == pytest.approx(0.99 * 1.5 / (0.99 * 1.5 + 0.01 * 0.5), abs=1e-4)


def test_a_probability_of_zero_does_no_harm():
    moved, found = adaptation.correct_prior(np.array([[1.0, 0.0], [0.0, 1.0]]), HALVES, tau=0.5, temperature=None)
    assert np.isfinite(moved).all()
    assert found == pytest.approx(HALVES)

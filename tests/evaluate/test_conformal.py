import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from lesionflow.evaluate import conformal


def test_marginal_sets_by_hand():
    # Nine validation photos give their truth 0.1 to 0.9. With 0.8, a label stays when at least (1 - 0.8) * 10 = 2 of
    # ten (the photo itself counts) are as strange: so when one validation photo is, that is from 0.1 on.
    given = np.arange(1, 10) / 10
    validation = np.stack([given, 1 - given], axis=1)
    found = conformal.marginal(np.array([[0.95, 0.05], [0.2, 0.8]]), validation, np.zeros(9, dtype=int), coverage=0.8)
    assert found.tolist() == [[True, False], [True, True]]


def test_sets_by_class_judge_a_label_by_its_own_photos():
    # Class 0 is given 0.9 by its photos, class 1 only 0.3: 0.3 of class 1 is not strange, 0.3 of class 0 is.
    validation = np.array([[0.9, 0.1]] * 9 + [[0.7, 0.3]] * 9)
    truth = np.repeat([0, 1], 9)
    found = conformal.by_class(np.array([[0.7, 0.3], [0.3, 0.7]]), validation, truth, coverage=0.8)
    assert found.tolist() == [[False, True], [False, True]]


def test_what_was_never_seen_cannot_be_ruled_out():
    assert conformal.marginal(np.eye(2), np.empty((0, 2)), np.array([], dtype=int), coverage=0.9).all()
    found = conformal.by_class(np.eye(3), np.eye(3)[[0] * 50], np.zeros(50, dtype=int), coverage=0.9)
    assert found.tolist() == [[True, True, True], [False, True, True], [False, True, True]]


def test_no_photo_has_no_set():
    assert conformal.marginal(np.empty((0, 2)), np.eye(2), np.array([0, 1]), coverage=0.9).shape == (0, 2)


@pytest.mark.parametrize("coverage", [0.7, 0.9])
def test_sets_hold_the_truth_as_often_as_promised(coverage):
    rng = np.random.default_rng(1)
    truth = rng.choice(3, 4000, p=[0.8, 0.1, 0.1])
    probabilities = rng.dirichlet([1, 1, 1], 4000) + 0.5 * np.eye(3)[truth] * (truth == 0)[:, None]
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    parts = probabilities[2000:], probabilities[:2000], truth[:2000]
    held = {
        make.__name__: make(*parts, coverage=coverage)[np.arange(2000), truth[2000:]]
        for make in (conformal.marginal, conformal.by_class)
    }
    # Standard errors: sqrt(0.9 * 0.1 / 2000) = 0.007 of all, about 0.03 of the 200 photos of a rare class.
    assert held["marginal"].mean() == pytest.approx(coverage, abs=0.04)
    for one in range(3):
        assert held["by_class"][truth[2000:] == one].mean() == pytest.approx(coverage, abs=0.12)
    # The rare classes, harder here, are what marginal sets give up.
    assert held["marginal"][truth[2000:] == 1].mean() < held["by_class"][truth[2000:] == 1].mean()


@given(st.integers(1, 200), st.integers(0, 200))
def test_interval_of_whole_counts_is_clopper_and_pearson_s(size, hits):
    hits = min(hits, size)
    theirs = binomtest(hits, size).proportion_ci(0.95, method="exact")
    assert conformal.exact_interval(hits / size, size, confidence=0.95) == pytest.approx((theirs.low, theirs.high))


def test_coverage_is_told_of_all_and_of_each_slice():
    sets = np.array([[True, True], [True, False], [False, False], [False, True]])
    test = pd.DataFrame({"group": ["a", "a", "b", "c"]})
    slices = {"skin_type": pd.Series([1, 1, 6, None], dtype="Int64")}
    rows = conformal.coverage_of(sets, np.array([0, 1, 0, 1]), test, slices, confidence=0.95)
    # Held: yes, no, no, yes. Sizes 2, 1, 0, 1.
    assert [(row["slice"], row["part"], row["photos"], row["groups"]) for row in rows] == [
        ("all", "all", 4, 3), ("skin_type", "1", 2, 1), ("skin_type", "6", 1, 1),
    ]  # fmt: skip
    assert [row["coverage"] for row in rows] == [0.5, 0.5, 0.0]
    assert (rows[0]["mean_size"], rows[0]["single"], rows[0]["empty"]) == (1.0, 0.5, 0.25)
    # One group that missed says little: up to 1 - 0.025.
    assert (rows[2]["coverage_low"], rows[2]["coverage_high"]) == (0.0, pytest.approx(0.975))

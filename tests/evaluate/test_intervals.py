import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionflow.evaluate import intervals, metrics
from lesionflow.evaluate.malignancy import Alarm

SETTINGS = {"top_k": 2, "count": 400, "confidence": 0.95}


def case(photos=120, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, photos)
    probabilities = rng.dirichlet([1, 1, 1], photos) + 0.8 * np.eye(3)[truth]
    return probabilities / probabilities.sum(axis=1, keepdims=True), truth, [f"g{row}" for row in range(photos)]


def test_all_right_has_an_interval_of_one_point():
    truth = np.array([0, 1, 2] * 20)
    found = intervals.measure(np.eye(3)[truth], truth, [f"g{row}" for row in range(60)], **SETTINGS, seed=1)
    assert found["accuracy"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert found["top_2"] == {"value": 1.0, "low": 1.0, "high": 1.0}


def test_interval_holds_the_value_and_repeats_with_the_seed():
    found = intervals.measure(*case(), **SETTINGS, seed=1)
    assert all(one["low"] <= one["value"] <= one["high"] for one in found.values() if one["value"] is not None)
    assert found == intervals.measure(*case(), **SETTINGS, seed=1)
    assert found != intervals.measure(*case(), **SETTINGS, seed=2)


def spread(hits, groups):
    return intervals.resample(groups, count=400, seed=1).shares(hits).std()


def test_accuracy_spreads_as_theory_says():
    # 120 independent photos: the standard error of an accuracy p is sqrt(p (1 - p) / 120).
    hits = np.arange(120) % 3 == 0
    assert spread(hits, [str(row) for row in range(120)]) == pytest.approx((1 / 3 * 2 / 3 / 120) ** 0.5, rel=0.15)


def test_groups_of_equal_photos_widen_the_interval():
    # Each photo stands six times in its group: 20 independent cases, not 120, so about sqrt(6) times as wide.
    hits = np.repeat(np.arange(20) % 3 == 0, 6)
    grouped, alone = np.repeat([f"g{row}" for row in range(20)], 6), [str(row) for row in range(120)]
    assert spread(hits, grouped) == pytest.approx(spread(hits, alone) * 6**0.5, rel=0.2)


@given(st.integers(1, 40), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_resampled_matrices_count_the_drawn_photos(photos, groups, seed):
    rng = np.random.default_rng(seed)
    truth, predicted, group = (rng.integers(0, most, photos) for most in (3, 3, groups))
    drawn = intervals.resample([str(one) for one in group], count=5, seed=seed)
    assert (drawn.drawn.sum(axis=1) == len(set(group))).all()
    for row, matrix in zip(drawn.drawn, drawn.confusions(truth, predicted, 3), strict=True):
        expected = np.zeros((3, 3))
        np.add.at(expected, (truth, predicted), row[drawn.group_of])
        np.testing.assert_array_equal(matrix, expected)


@settings(max_examples=40, deadline=None)  # scikit-learn is slow on its first calls
@given(st.integers(2, 30), st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_every_metric_of_a_resample_is_that_of_its_photos_repeated(photos, groups, seed):
    rng = np.random.default_rng(seed)
    probabilities, truth = rng.dirichlet([0.5] * 3, photos).round(1), rng.integers(0, 3, photos)
    group = [str(one) for one in rng.integers(0, groups, photos)]
    drawn = intervals.resample(group, count=4, seed=seed)
    alarm = Alarm(np.array([False, True, False]), 0.3)
    found = intervals.measures(drawn, probabilities, truth, top_k=2, alarm=alarm)
    assert set(found) == set(metrics.names(2))
    for place, times in enumerate(drawn.drawn[:, drawn.group_of].astype(int)):
        rows = np.repeat(np.arange(photos), times)
        expected = metrics.measure(probabilities[rows], truth[rows], top_k=2, alarm=alarm)
        for name, value in expected.items():
            assert found[name][place] == pytest.approx(np.nan if value is None else value, nan_ok=True), name


def test_blocks_of_resamples_give_what_all_at_once_give(monkeypatch):
    drawn = intervals.resample(case()[2], count=10, seed=1)
    whole = drawn.each(lambda weights: (weights.sum(axis=0), weights[0]))
    monkeypatch.setattr(intervals, "MOST_WEIGHTS", 3 * 120 + 1)  # three resamples of 120 photos a block
    blocks = drawn.each(lambda weights: (weights.sum(axis=0), weights[0]))
    np.testing.assert_array_equal(whole, blocks)
    assert (whole[0] == 120).all()


def test_resamples_depend_on_seed_and_groups_alone():
    groups = ["b", "a", "b"]
    first, second = (intervals.resample(groups, count=3, seed=7) for _ in range(2))
    np.testing.assert_array_equal(first.drawn, second.drawn)


def test_what_is_never_defined_has_no_interval():
    truth = np.zeros(10, dtype=int)
    found = intervals.measure(np.eye(3)[truth], truth, [str(row) for row in range(10)], **SETTINGS, seed=1)
    assert found["mcc"] == {"value": None, "low": None, "high": None}


def test_one_group_says_nothing_about_others():
    found = intervals.measure(*case()[:2], ["patient"] * 120, **SETTINGS, seed=1)
    assert found["accuracy"]["value"] is not None
    assert (found["accuracy"]["low"], found["accuracy"]["high"]) == (None, None)


def test_an_interval_needs_the_metric_in_half_of_the_resamples():
    nan = np.nan
    assert intervals.interval(np.array([nan, nan, 1.0]), confidence=0.5) == (None, None)
    # Of 0, 1, 2, 3, 4 the central half lies between 1 and 3.
    assert intervals.interval(np.array([0, 1, 2, 3, 4, nan]), confidence=0.5) == (1, 3)

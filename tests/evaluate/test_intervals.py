import numpy as np
import pytest

from lesionflow.evaluate.intervals import EvaluateParams, resampled, with_intervals

SETTINGS = EvaluateParams(confidence=0.95, bootstrap=400, top_k=2)


def case(photos=120, seed=0, per_group=1):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, photos)
    probabilities = rng.dirichlet([1, 1, 1], photos) + 0.8 * np.eye(3)[truth]
    groups = np.array([f"g{row // per_group}" for row in range(photos)], dtype=object)
    return probabilities / probabilities.sum(axis=1, keepdims=True), truth, groups


def test_all_right_has_an_interval_of_one_point():
    truth = np.array([0, 1, 2] * 20)
    groups = np.array([f"g{row}" for row in range(60)], dtype=object)
    found = with_intervals(np.eye(3)[truth], truth, groups, SETTINGS, seed=1)
    assert found["accuracy"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert found["top_2"] == {"value": 1.0, "low": 1.0, "high": 1.0}


def test_interval_holds_the_value_and_repeats_with_the_seed():
    found = with_intervals(*case(), SETTINGS, seed=1)
    assert all(one["low"] <= one["value"] <= one["high"] for one in found.values())
    assert found == with_intervals(*case(), SETTINGS, seed=1)
    assert found != with_intervals(*case(), SETTINGS, seed=2)


def test_accuracy_spreads_as_theory_says():
    # 120 independent photos: the standard error of an accuracy p is sqrt(p (1 - p) / 120).
    probabilities, truth, groups = case()
    accuracy = (probabilities.argmax(axis=1) == truth).mean()
    drawn = resampled(probabilities, truth, groups, SETTINGS, seed=1)["accuracy"]
    assert drawn.std() == pytest.approx((accuracy * (1 - accuracy) / 120) ** 0.5, rel=0.15)


def test_groups_of_equal_photos_widen_the_interval():
    # Each photo stands six times in its group: 20 independent cases, not 120, so about sqrt(6) times as wide.
    probabilities, truth, _ = case(20)
    repeated = np.repeat(probabilities, 6, axis=0), np.repeat(truth, 6)
    grouped = np.repeat(np.array([f"g{row}" for row in range(20)], dtype=object), 6)
    alone = np.array([f"g{row}" for row in range(120)], dtype=object)
    wide = resampled(*repeated, grouped, SETTINGS, seed=1)["accuracy"].std()
    narrow = resampled(*repeated, alone, SETTINGS, seed=1)["accuracy"].std()
    assert wide == pytest.approx(narrow * 6**0.5, rel=0.2)


def test_a_metric_that_is_never_defined_has_no_interval():
    truth = np.zeros(10, dtype=int)
    groups = np.array([f"g{row}" for row in range(10)], dtype=object)
    found = with_intervals(np.eye(3)[truth], truth, groups, SETTINGS, seed=1)
    assert found["mcc"] == {"value": None, "low": None, "high": None}

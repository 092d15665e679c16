import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionflow import scaling
from lesionflow.evaluate import calibration, intervals
from tests.sureness import made


def test_calibration_errors_by_hand():
    # Two bins. Photos say 0.8, 0.8 (one right), 0.6 (right): all in the upper bin, which says 2.2 of 3 and has 2 of 3.
    probabilities, truth = np.array([[0.8, 0.2], [0.8, 0.2], [0.4, 0.6]]), np.array([0, 1, 1])
    top = calibration.top_label(probabilities, truth, bins=2)
    assert calibration.error(top, None, confidence=0.9)["value"] == pytest.approx(0.2 / 3)
    # Class 0: 0.4 alone in the lower bin, never true; the upper bin says 1.6 and has 1: (0.4 + 0.6) / 3. Class 1 alike.
    by_class = calibration.by_class(probabilities, truth, bins=2)
    assert calibration.error(by_class, None, confidence=0.9)["value"] == pytest.approx(1 / 3)


def test_class_without_photos_is_left_out_of_the_mean():
    probabilities, truth = np.array([[0.5, 0.0, 0.5], [0.5, 0.0, 0.5]]), np.array([0, 2])
    assert calibration.by_class(probabilities, truth, bins=5).said.shape == (2, 2)


def test_scaling_lowers_the_error_and_the_intervals_tell_the_two_apart():
    probabilities, truth = made(3.0, photos=1500)
    scaled = scaling.apply_temperature(probabilities, 3.0)
    drawn = intervals.resample([str(row) for row in range(1500)], count=300, seed=1)
    before, after = (
        calibration.error(calibration.top_label(one, truth, bins=15), drawn, confidence=0.95)
        for one in (probabilities, scaled)
    )
    assert after["high"] < before["low"]
    # What is calibrated has an error of chance alone; its interval reaches down to almost nothing.
    assert after["low"] < 0.02


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_error_of_a_resample_is_that_of_its_photos_repeated(photos, groups, seed):
    rng = np.random.default_rng(seed)
    probabilities, truth = rng.dirichlet([1, 1], photos), np.zeros(photos, dtype=int)
    drawn = intervals.resample([str(one) for one in rng.integers(0, groups, photos)], count=3, seed=seed)
    binned = calibration.top_label(probabilities, truth, bins=4)
    found = calibration.errors(binned, drawn.group_of, drawn.drawn)
    for value, times in zip(found, drawn.drawn[:, drawn.group_of].astype(int), strict=True):
        rows = np.repeat(np.arange(photos), times)
        again = calibration.top_label(probabilities[rows], truth[rows], bins=4)
        assert value == pytest.approx(calibration.error(again, None, confidence=0.9)["value"])


def test_reliability_names_bins_counts_and_gaps():
    top = calibration.top_label(np.array([[0.5, 0.5], [0.75, 0.25], [0.0, 1.0]]), np.array([1, 0, 1]), bins=2)
    rows = calibration.reliability(top, None, confidence=0.9)
    # 0.5 lies in the lower bin, whose upper end it is; it was wrong. 0.75 and 1 lie in the upper one; both were right.
    assert rows["photos"].tolist() == [1, 2]
    assert rows["said"].tolist() == [0.5, 0.875]
    assert rows["came"].tolist() == [0.0, 1.0]
    assert rows[["came_low", "came_high"]].isna().all(axis=None)


def test_without_photos_no_error_is_available():
    top = calibration.Binned(np.array([]), np.array([]), 3)
    assert calibration.error(top, None, confidence=0.9) == {"value": None, "low": None, "high": None}

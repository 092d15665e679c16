import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionflow.evaluate import abstention, intervals

SURE = np.array([0.9, 0.8, 0.8, 0.5])
WRONG = np.array([False, True, False, True])


def test_curve_answers_the_surest_first_and_ties_together():
    found = abstention.curve(SURE, WRONG)
    assert found["threshold"].tolist() == [0.9, 0.8, 0.5]
    assert found["coverage"].tolist() == [0.25, 0.75, 1.0]
    assert found["risk"].tolist() == pytest.approx([0, 1 / 3, 1 / 2])


def test_area_by_hand():
    # Risks 0, 1/3, 1/3, 1/2 of the four photos.
    found = abstention.area(SURE, WRONG, None, confidence=0.9)
    assert found["value"] == pytest.approx((0 + 1 / 3 + 1 / 3 + 1 / 2) / 4)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_area_of_a_resample_is_that_of_its_photos_repeated(photos, seed):
    rng = np.random.default_rng(seed)
    sure, wrong = rng.integers(0, 5, photos) / 5, rng.random(photos) < 0.4
    drawn = intervals.resample([str(row) for row in range(photos)], count=3, seed=seed)
    (found,) = drawn.each(lambda weights: (abstention.areas(sure, wrong, weights),))
    for value, times in zip(found, drawn.drawn[:, drawn.group_of].astype(int), strict=True):
        rows = np.repeat(np.arange(photos), times)
        assert value == pytest.approx(abstention.area(sure[rows], wrong[rows], None, confidence=0.9)["value"])


def test_no_skill_in_being_sure_gives_the_error_rate():
    assert abstention.area(np.full(5, 0.5), np.arange(5) < 2, None, confidence=0.9)["value"] == pytest.approx(0.4)


def test_threshold_is_the_lowest_within_the_risk():
    assert abstention.threshold(SURE, WRONG, risk=0.0) == 0.9
    assert abstention.threshold(SURE, WRONG, risk=0.34) == 0.8
    assert abstention.threshold(SURE, WRONG, risk=0.5) == 0.5


def test_a_risk_that_cannot_be_kept_has_no_threshold_and_no_answers():
    assert abstention.threshold(SURE, np.ones(4, dtype=bool), risk=0.5) is None
    found = abstention.answered(SURE, WRONG, None, at=None, confidence=0.9)
    assert found["coverage"]["value"] is None
    assert found["risk"]["value"] is None


def test_answers_at_a_threshold_have_coverage_and_risk_with_intervals():
    drawn = intervals.resample(["a", "b", "c", "d"], count=200, seed=1)
    found = abstention.answered(SURE, WRONG, drawn, at=0.8, confidence=0.9)
    # Three of four are answered, one of them wrongly.
    assert found["coverage"]["value"] == 0.75
    assert found["risk"]["value"] == pytest.approx(1 / 3)
    assert found["risk"]["low"] <= 1 / 3 <= found["risk"]["high"]


def test_without_photos_nothing_is_available():
    nothing = np.array([]), np.array([], dtype=bool)
    assert len(abstention.curve(*nothing)) == 0
    assert abstention.area(*nothing, None, confidence=0.9)["value"] is None
    assert abstention.threshold(*nothing, risk=0.1) is None
    assert abstention.answered(*nothing, None, at=0.5, confidence=0.9)["coverage"]["value"] is None

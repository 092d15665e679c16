import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionflow.curate import typicality


def at(*degrees):
    """Features of length 1 to 3 in these directions of a plane; only the direction counts."""
    angles = np.radians(degrees)
    return np.column_stack([np.cos(angles), np.sin(angles)]) * np.linspace(1, 3, len(angles))[:, None]


def distances(matrix, class_ids=None, groups=None, neighbours=1):
    photos = len(matrix)
    class_ids = np.zeros(photos, dtype=int) if class_ids is None else np.array(class_ids)
    groups = np.arange(photos) if groups is None else np.array(groups)
    return typicality.relative_distances(matrix, class_ids, groups, neighbours=neighbours)


def test_distance_is_told_in_multiples_of_the_classs_median():
    # Nearest neighbours lie 60, 60, 60 and 90 degrees away: 1 - cos is 0.5, 0.5, 0.5 and 1; the median is 0.5.
    np.testing.assert_allclose(distances(at(0, 60, 120, 210)), [1, 1, 1, 2])


def test_distance_is_the_mean_of_the_nearest_ones():
    # From 0: 60 and 120 degrees, mean of 0.5 and 1.5 is 1; from 60: 0.5 and 0.5; from 120: as from 0. Median 1.
    np.testing.assert_allclose(distances(at(0, 60, 120), neighbours=2), [1, 0.5, 1])
    np.testing.assert_allclose(distances(at(0, 60, 120), neighbours=9), [1, 0.5, 1])


def test_photos_of_other_classes_and_of_the_same_group_do_not_vouch():
    # The fourth photo is like the fifth, of another class, and the sixth, of its own group.
    found = distances(at(0, 60, 120, 210, 210, 210), [0, 0, 0, 0, 1, 0], [0, 1, 2, 3, 4, 3])
    # Of class 0: 0.5, 0.5, 0.5, 1, 1; median 0.5. Class 1 has one photo.
    np.testing.assert_allclose(found, [1, 1, 1, 2, np.nan, 2])


@pytest.mark.parametrize(
    ("matrix", "groups"),
    [(at(0, 60, 120), [0, 0, 0]), (at(7, 7, 7), [0, 1, 2]), (np.zeros((0, 2)), []), (at(7), [0])],
    ids=["one group", "identical features", "no photo", "one photo"],
)
def test_what_has_nothing_to_compare_with_is_not_available(matrix, groups):
    assert np.isnan(distances(matrix, groups=np.array(groups, dtype=int))).all()


def test_features_of_zeros_are_far_from_all_and_harm_none():
    # 1 - 0 is 1, against a median of 0.5 (0.5, 0.5, 0.5, 1).
    np.testing.assert_allclose(distances(np.vstack([at(0, 60, 120), [[0, 0]]])), [1, 1, 1, 2])


def test_blocks_of_rows_do_not_show(monkeypatch):
    matrix = np.random.default_rng(1).normal(size=(23, 5))
    whole = distances(matrix, neighbours=3)
    monkeypatch.setattr(typicality, "ROWS", 4)
    np.testing.assert_allclose(distances(matrix, neighbours=3), whole)


@given(st.integers(1, 20), st.integers(1, 5), st.integers(0, 99))
def test_distances_are_positive_or_missing_and_their_median_is_one(photos, neighbours, seed):
    matrix = np.random.default_rng(seed).normal(size=(photos, 3))
    found = distances(matrix, neighbours=neighbours)
    assert (found[np.isfinite(found)] >= 0).all()
    assert np.isnan(found).all() or np.nanmedian(found) == pytest.approx(1)

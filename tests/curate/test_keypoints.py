import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionflow.curate import keypoints
from tests.curate.pair_photos import drawn


def blob(x, y, side=120, deviation=4):
    """One bright spot whose centre is x, y pixels from the corner."""
    down, right = np.mgrid[:side, :side] + 0.5
    return (60 + 150 * np.exp(-((right - x) ** 2 + (down - y) ** 2) / (2 * deviation**2))).astype(np.uint8)


def noise(*shape, seed=1):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_a_flat_picture_has_no_keypoints():
    places, descriptors = keypoints.detect(np.full((225, 300), 90, dtype=np.uint8))
    assert (places.shape, descriptors.shape) == ((0, 2), (0, 128))


@pytest.mark.parametrize("at", [(60, 60), (41.5, 70.5), (80, 33.25)])
def test_a_spot_is_found_at_its_centre_measured_from_the_corner(at):
    places, _ = keypoints.detect(blob(*at))
    np.testing.assert_allclose(places[0], at, atol=0.1)


def test_the_strongest_come_first_and_no_more_than_the_most():
    picture = cv2.GaussianBlur(noise(225, 300), (0, 0), 1.5)
    places, descriptors = keypoints.detect(picture)
    assert len(places) == len(descriptors) == keypoints.MOST
    every = cv2.SIFT_create(contrastThreshold=keypoints.CONTRAST, edgeThreshold=keypoints.EDGE)
    everything = every.detect(picture, None)
    assert len(everything) > keypoints.MOST
    points = np.array([point.pt for point in everything]) + keypoints.OFFSET
    strength = np.array([point.response for point in everything])
    found = [strength[abs(points - place).max(axis=1).argmin()] for place in places]
    assert found == sorted(strength, reverse=True)[: keypoints.MOST]


def test_the_same_picture_has_the_same_keypoints_whatever_came_before():
    grey = np.asarray(drawn(0).convert("L"))
    first = keypoints.detect(grey)
    keypoints.detect(noise(50, 60))
    cv2.setRNGSeed(5)
    for before, after in zip(first, keypoints.detect(grey.copy()), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (2, 2), (5, 900)])
def test_pictures_too_small_for_keypoints_have_none(shape):
    assert len(keypoints.detect(noise(*shape))[0]) == 0


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 120), st.integers(1, 120), st.integers(0, 2**32 - 1))
def test_keypoints_lie_within_the_picture(height, width, seed):
    places, descriptors = keypoints.detect(noise(height, width, seed=seed))
    assert (places >= 0).all()
    assert (places <= [width, height]).all()
    assert np.isfinite(descriptors).all()

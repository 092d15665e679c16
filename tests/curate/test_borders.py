import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lesionflow.curate import borders

NOISE = np.random.default_rng(0).integers(0, 256, (50, 100), dtype=np.uint8)


def framed(colour, top, bottom, left, right):
    return np.pad(NOISE, ((top, bottom), (left, right)), constant_values=colour)


@pytest.mark.parametrize("colour", [0, 128, 255])
def test_content_of_a_framed_picture(colour):
    assert borders.content_box(framed(colour, 25, 25, 60, 40)) == (60, 25, 160, 75)


def test_bands_may_have_different_colours():
    assert borders.content_box(np.pad(framed(0, 0, 0, 60, 40), ((9, 0), (0, 0)), constant_values=255)) == (
        60,
        9,
        160,
        59,
    )


def test_picture_without_border_is_all_content():
    assert borders.content_box(NOISE) == (0, 0, 100, 50)


def test_even_picture_has_no_content():
    assert borders.content_box(np.full((9, 9), 7, dtype=np.uint8)) == (0, 0, 0, 0)


def test_border_share_is_the_area_of_the_bands():
    # A middle of 100 x 50 in 200 x 100: 1 - 5,000 / 20,000 = 0.75; bands above and below take 0.5, at the sides 0.5.
    assert borders.shares((60, 25, 160, 75), (200, 100)) == {"border_share": 0.75, "letterbox_share": 0.5}


@pytest.mark.parametrize(
    ("content", "letterbox"),
    [
        ((0, 10, 200, 80), 0.3),  # 10 above and 20 below, of 100
        ((0, 10, 200, 100), 0.0),  # a band on one side only
        ((20, 0, 190, 100), 0.15),  # 20 and 10 at the sides, of 200
        ((0, 0, 200, 100), 0.0),
    ],
)
def test_letterbox_share_counts_bands_at_both_ends(content, letterbox):
    assert borders.shares(content, (200, 100))["letterbox_share"] == pytest.approx(letterbox)


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_content_lies_within_any_picture(levels):
    left, top, right, bottom = borders.content_box(levels)
    assert 0 <= left <= right <= levels.shape[1]
    assert 0 <= top <= bottom <= levels.shape[0]
    assert 0 <= borders.shares((left, top, right, bottom), levels.shape[::-1])["border_share"] <= 1

import numpy as np
import pytest

from lesionflow.curate import borders

NOISE = np.random.default_rng(0).integers(0, 256, (50, 100))


@pytest.mark.parametrize("colour", [0, 128, 255])
def test_content_of_a_framed_picture(colour):
    # A noisy 100 x 50 picture at (60, 25) of 200 x 100.
    levels = np.full((100, 200), float(colour))
    levels[25:75, 60:160] = NOISE
    assert borders.content_box(levels) == (60, 25, 160, 75)


def test_picture_without_border_is_all_content():
    assert borders.content_box(NOISE.astype(float)) == (0, 0, 100, 50)


def test_even_picture_has_no_content():
    assert borders.content_box(np.full((9, 9), 7.0)) == (0, 0, 0, 0)

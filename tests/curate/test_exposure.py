import numpy as np
import pytest

from lesionflow.curate import exposure


def test_exposure_of_four_levels_by_hand():
    # Levels 0, 0, 51, 255, each a quarter: mean 76.5 / 255 = 0.3; squares of the distances 76.5, 76.5, 25.5 and 178.5
    # sum to 44,217, a quarter of it is 11,054.25, its root 105.139, / 255 = 0.41231. Shares 1/2, 1/4, 1/4: 1.5 bits.
    found = exposure.exposure(np.array([[0, 0], [51, 255]], dtype=np.uint8))
    expected = {"brightness": 0.3, "contrast": 0.41231, "entropy": 1.5, "dark_share": 0.5, "bright_share": 0.25}
    assert found == pytest.approx(expected, abs=1e-5)


def test_an_even_picture_has_brightness_alone():
    # All are 102 of 255.
    expected = {"brightness": 0.4, "contrast": 0, "entropy": 0, "dark_share": 0, "bright_share": 0}
    assert exposure.exposure(np.full((9, 9), 102, dtype=np.uint8)) == pytest.approx(expected, abs=1e-6)


def test_sharpness_of_one_point_by_hand():
    # A point of 10 in 5 x 5 zeros: the Laplacian is -40 there, 10 at its four neighbours, 0 elsewhere. Mean 0, sum of
    # squares 1600 + 400 = 2000, over 25 pixels 80.
    levels = np.zeros((5, 5), dtype=np.uint8)
    levels[2, 2] = 10
    assert exposure.sharpness(levels) == pytest.approx(80)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1)])
def test_one_line_of_pixels_has_a_sharpness(shape):
    assert exposure.sharpness(np.zeros(shape, dtype=np.uint8)) == 0

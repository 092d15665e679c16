import numpy as np
import pytest

from lesionflow.curate import colour
from lesionflow.sample.skin import TONES


def painted(*colours):
    """One row of pixels."""
    return np.array([colours], dtype=np.uint8)


def test_colourfulness_of_two_colours_by_hand():
    # Half red (255,0,0), half blue (0,0,255): red - green is 255 or 0 (mean 127.5, deviation 127.5);
    # (red + green) / 2 - blue is 127.5 or -255 (mean -63.75, deviation 191.25).
    # sqrt(127.5^2 + 191.25^2) + 0.3 sqrt(127.5^2 + 63.75^2) = 229.854 + 42.764 = 272.618
    assert colour.colourfulness(painted((255, 0, 0), (0, 0, 255))) == pytest.approx(272.618, abs=1e-3)


@pytest.mark.parametrize("light", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("skin_type", range(1, 7))
def test_every_skin_tone_in_any_light_could_be_skin(skin_type, light):
    assert colour.skin_share(painted(255 * light * TONES[skin_type - 1])) == 1


@pytest.mark.parametrize(
    "other", [(70, 130, 50), (120, 170, 225), (90, 60, 160), (128, 128, 128), (255, 255, 255), (20, 90, 90)]
)
def test_grass_sky_ink_and_grey_are_no_skin(other):
    assert colour.skin_share(painted(other)) == 0


def test_pixels_too_dark_for_a_colour_are_not_asked():
    # Of four pixels two are black; of the other two one is skin.
    assert colour.skin_share(painted((0, 0, 0), (24, 10, 10), (200, 150, 120), (0, 200, 0))) == 0.5


def test_black_picture_shows_no_skin():
    assert colour.skin_share(painted((0, 0, 0))) == 0

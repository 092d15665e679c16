import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lesionflow.learn import photo_views


def as_tensor(picture):
    return torch.from_numpy(np.array(picture, dtype=np.float32)).permute(2, 0, 1)


def numbered(width, height):
    """Pixel (row, column) is 10 row + column in each channel."""
    rows, columns = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.stack([10 * rows + columns] * 3, axis=2).astype(np.uint8))


def test_zoom_is_the_middle_square_of_half_the_shorter_side():
    zoomed = as_tensor(photo_views.zoomed(numbered(8, 4)))
    # Of 8 x 4, the square of side 2 from column 3 and row 1.
    assert zoomed[0].tolist() == [[13, 14], [23, 24]]


@given(st.integers(1, 40), st.integers(1, 40))
def test_every_picture_has_a_zoom_within_it(width, height):
    picture = photo_views.zoomed(Image.new("RGB", (width, height)))
    assert picture.size == (max(1, min(width, height) // 2),) * 2


def test_a_flipped_view_is_the_mirror_image_of_what_the_network_would_see():
    picture = numbered(4, 4)
    found = photo_views.tensors(picture, lambda one: as_tensor(one.resize((2, 2))), ["zoom_flipped", "zoom", "full"])
    assert torch.equal(found[0], found[1].flip(-1))
    assert found[1][0].tolist() == [[11, 12], [21, 22]]
    assert found.shape == (3, 3, 2, 2)


@pytest.mark.parametrize("flips", [False, True])
def test_joined_takes_the_views_in_the_order_in_which_they_are_needed(flips):
    names = photo_views.needed(["zoom", "full"], flips=flips)
    value = {"full": 1.0, "full_flipped": 3.0, "zoom": 10.0, "zoom_flipped": 30.0}
    features = torch.tensor([[[value[name]] for name in names]])
    # Averages of 10 and 30, and of 1 and 3.
    assert photo_views.joined(features, flips=flips).tolist() == ([[20.0, 2.0]] if flips else [[10.0, 1.0]])

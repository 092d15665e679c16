import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from lesionflow.curate import registration
from lesionflow.curate.agreement import agreement
from tests.curate.pair_photos import drawn, frame, local

SAME = np.array([[1.0, 0, 0], [0, 1, 0]])


def of(first, second, matrix=SAME):
    return agreement(matrix, local(first), local(second))


def test_a_photo_agrees_with_itself():
    assert of(drawn(0), drawn(0)) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("other", range(1, 6))
def test_another_photo_does_not_agree(other):
    assert of(drawn(0), drawn(other)) < 0.4


@pytest.mark.parametrize("gain", [0.6, 0.8, 1.2])
@pytest.mark.parametrize("offset", [-20, 0, 20])
def test_brightness_and_contrast_do_not_matter(gain, offset):
    # Of a photo whose levels leave room for both changes: 60 to 180 become 16 to 236.
    levels = np.asarray(drawn(1).convert("L"), dtype=float)
    photo = 60 + 120 * (levels - levels.min()) / np.ptp(levels)
    changed = photo * gain + offset
    assert changed.min() > 0
    assert changed.max() < 255
    assert of(Image.fromarray(photo.astype(np.uint8)), Image.fromarray(changed.astype(np.uint8))) > 0.9


def test_a_text_over_less_than_a_fifth_leaves_the_rest_to_speak():
    marked = drawn(1).copy()
    pen = ImageDraw.Draw(marked)
    pen.rectangle((0, 0, 256, 27), fill="white")  # 28 of 192 rows: 15 %
    pen.text((5, 5), "clinic of somewhere, picture 12345", fill="black", font_size=16)
    assert of(drawn(1), marked) > 0.8


def screenshot(photo):
    """The photo fills about half of a page full of text and lines."""
    page = Image.new("RGB", (296, 216), "white")
    pen = ImageDraw.Draw(page)
    for y in range(0, 216, 12):
        pen.text((2, y), "Dermatology atlas | menu | search | login | page of pages | help |", fill="black")
    page.paste(photo.resize((200, 150)), (48, 33))
    return page


def test_two_photos_in_one_frame_do_not_agree_for_the_frame():
    first, second = screenshot(drawn(0)), screenshot(drawn(1))
    assert of(first, second) < 0.5
    assert of(first, screenshot(drawn(0))) > 0.99


@pytest.mark.parametrize("other", [Image.new("RGB", (256, 192), (120, 90, 80)), drawn(0)])
def test_a_flat_photo_agrees_with_nothing(other):
    flat = Image.new("RGB", (256, 192), (120, 90, 80))
    assert of(flat, other) == pytest.approx(0, abs=0.01)
    assert of(other, flat) == pytest.approx(0, abs=0.01)


def test_a_small_common_part_says_nothing():
    # 64 x 86 pixels of view; of 213 x 160 shifted by 200, 13 columns are common: about 4 columns of 64 windows count.
    shifted = np.array([[1.0, 0, 200], [0, 1, 149]])
    assert of(drawn(0), drawn(0), shifted) == 0


@pytest.mark.parametrize("share", [0.5, 0.7])
def test_a_part_agrees_with_its_whole_whichever_comes_first(share):
    photo = drawn(1)
    left, top = int(256 * (1 - share) / 2), int(192 * (1 - share) / 2)
    whole, part = local(photo), local(photo.crop((left, top, 256 - left, 192 - top)))
    # Both stand 160 pixels high: the whole shows 192 of the photo's pixels on them, the part 192 - 2 top.
    larger, x, y = 192 / (192 - 2 * top), left * 160 / 192, top * 160 / 192
    assert agreement(larger * np.array([[1, 0, -x], [0, 1, -y]]), whole, part) > 0.9
    assert agreement(np.array([[1 / larger, 0, x], [0, 1 / larger, y]]), part, whole) > 0.9


@settings(deadline=None, max_examples=40)
@given(st.tuples(*[st.integers(1, 40)] * 4), st.integers(0, 3), st.integers(0, 2**32 - 1))
def test_views_of_every_size_agree_between_minus_one_and_one(sizes, turn, seed):
    rng = np.random.default_rng(seed)
    views = [rng.integers(0, 256, size, dtype=np.uint8) for size in (sizes[:2], sizes[2:])]
    first, second = (frame(3 * view.shape[1], 3 * view.shape[0], view) for view in views)
    found = agreement(registration.squeezed(first, second, turn), first, second)
    assert -1 <= found <= 1

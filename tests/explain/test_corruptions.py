import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lesionflow.errors import LesionflowError
from lesionflow.explain import corruptions


def skin(width=96, height=72, seed=0):
    noise = np.random.default_rng(seed).normal(0, 6, (height, width, 3))
    return Image.fromarray(np.clip(np.array([200, 160, 140]) + noise, 0, 255).astype(np.uint8))


def apart(one, other):
    return float(np.abs(np.asarray(one, dtype=float) - np.asarray(other, dtype=float)).mean())


@pytest.mark.parametrize("name", corruptions.NAMES)
def test_a_corruption_is_the_same_each_time_and_changes_the_photo(name):
    photo = skin()
    first, second = (corruptions.corrupt(photo, name, 3, of="a", seed=1) for _ in range(2))
    assert np.array_equal(np.asarray(first.picture), np.asarray(second.picture))
    assert first.picture.size != photo.size or apart(first.picture, photo) > 0.1


@pytest.mark.parametrize("name", ["ruler", "watermark", "pen", "hair", "gel", "low_light", "border"])
def test_another_photo_or_seed_is_corrupted_otherwise(name):
    drawn = [
        np.asarray(corruptions.corrupt(skin(), name, 3, of=of, seed=seed).picture).tobytes()
        for of, seed in ((str(place), 1) for place in range(6))
    ]
    assert len(set(drawn)) > 1


@pytest.mark.parametrize("name", corruptions.NAMES)
def test_a_higher_severity_changes_more(name):
    photo = skin(192, 144)
    mild, severe = (corruptions.corrupt(photo, name, severity, of="a", seed=1) for severity in (1, 5))
    if name == "crop":
        # 8 % and 40 % of each side are cut off: 192 x 144 becomes 177 x 132 and 115 x 86.
        assert (mild.picture.size, severe.picture.size) == ((177, 132), (115, 86))
    else:
        assert apart(severe.picture, photo) > apart(mild.picture, photo)


@pytest.mark.parametrize("name", corruptions.OVERLAYS)
def test_an_overlay_changes_what_it_says_it_covers_and_nothing_else(name):
    photo = skin(192, 144)
    made = corruptions.corrupt(photo, name, 4, of="b", seed=2)
    changed = (np.abs(np.asarray(made.picture, dtype=int) - np.asarray(photo, dtype=int)) > 16).any(axis=2)
    assert made.cover.shape == (144, 192)
    assert changed[made.cover].mean() > 0.25
    # A vignette's soft rim and a bubble's halo reach a little beyond what counts as covered.
    assert changed[~made.cover].mean() < 0.06


def test_the_ruler_is_as_wide_as_said():
    # Severity 5: 24 % of the shorter side of 144, so 35 of 144 rows (or columns of 192) are covered.
    cover = corruptions.corrupt(skin(192, 144), "ruler", 5, of="a", seed=1).cover
    assert cover.mean() in (pytest.approx(35 / 144), pytest.approx(35 / 192))


def test_degradations_cover_nothing():
    assert all(corruptions.corrupt(skin(), name, 2, of="a", seed=1).cover is None for name in corruptions.DEGRADATIONS)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(corruptions.NAMES), st.integers(1, 5), st.integers(16, 60), st.integers(16, 60), st.integers(0, 9)
)
def test_any_photo_survives_any_corruption(name, severity, width, height, seed):
    made = corruptions.corrupt(skin(width, height), name, severity, of="x", seed=seed)
    assert made.picture.mode == "RGB"
    assert min(made.picture.size) >= 1
    assert made.cover is None or made.cover.shape == (height, width)


@pytest.mark.parametrize(("name", "severity"), [("ruler", 0), ("ruler", 6), ("rain", 3)])
def test_unknown_corruptions_are_refused(name, severity):
    with pytest.raises(LesionflowError, match=rf"got:      {name} at {severity}\n.*severity 1 to 5 of ruler"):
        corruptions.corrupt(skin(), name, severity, of="a", seed=1)


def test_the_border_keeps_30_percent_and_the_rest_is_even():
    photo = skin(100, 100)
    left = np.asarray(corruptions.border_only(photo))
    even = (left == left[50, 50]).all(axis=2)
    # sqrt(0.7) = 0.837: margins of round(8.2) = 8, so 84 x 84 of 100 x 100 are covered.
    assert even[8:92, 8:92].all()
    assert np.array_equal(left[:8], np.asarray(photo)[:8])


def lesion(left, top, right, below):
    mask = np.zeros((80, 100), dtype=bool)
    mask[top:below, left:right] = True
    return mask


def test_the_lesion_lies_under_a_box_of_the_colour_around_it():
    photo = skin(100, 80)
    covered = np.asarray(corruptions.lesion_covered(photo, lesion(40, 30, 60, 50), (0.3, 0.5)))
    # 30 x 40 pixels around (50, 40): columns 35 to 65, rows 20 to 60.
    box = covered[20:60, 35:65]
    assert (box == box[0, 0]).all()
    assert np.abs(box[0, 0] - np.array([200, 160, 140])).max() <= 2
    assert np.array_equal(covered[:20], np.asarray(photo)[:20])


def test_a_box_at_the_edge_stays_in_the_photo_and_keeps_its_size():
    covered = np.asarray(corruptions.lesion_covered(skin(100, 80), lesion(90, 0, 100, 10), (0.3, 0.5)))
    even = (covered == covered[0, 99]).all(axis=2)
    assert even[:40, 70:].all()
    assert even.sum() == pytest.approx(30 * 40, abs=10)


@pytest.mark.parametrize(
    ("mask", "sides"),
    [
        (np.zeros((80, 100), dtype=bool), (0.5, 0.5)),  # no lesion
        (lesion(10, 10, 90, 20), (0.5, 0.5)),  # larger than the box
        (lesion(10, 10, 20, 20), (1.0, 1.0)),  # nothing but the box
    ],
)
def test_where_the_box_says_nothing_it_is_not_available(mask, sides):
    assert corruptions.lesion_covered(skin(100, 80), mask, sides) is None


def test_the_box_is_one_for_all_and_covers_nine_in_ten():
    # Lesions of 10, 20, ... 100 of 100 columns: nine tenths are at or below 91; a tenth more is the whole width.
    masks = [lesion(0, 0, 10 * size, 8) for size in range(1, 11)]
    assert corruptions.box_sides(masks) == (1.0, pytest.approx(0.11))
    assert corruptions.box_sides(masks[:5]) == (pytest.approx(1.1 * 0.46), pytest.approx(0.11))
    assert corruptions.box_sides([np.zeros((4, 4), dtype=bool)]) is None

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionflow.curate import codebook, registration
from lesionflow.curate.registration import Local
from tests.curate.pair_photos import drawn, frame, local, turned


def similarity(scale=1.0, angle=0.0, shift=(0.0, 0.0)):
    """Angle in degrees, clockwise on the screen."""
    cosine, sine = scale * np.cos(np.radians(angle)), scale * np.sin(np.radians(angle))
    return np.array([[cosine, -sine, shift[0]], [sine, cosine, shift[1]]])


def starry(places, descriptors, side=400):
    return Local(side, side, places.astype(np.float32), descriptors, np.zeros((4, 4), dtype=np.uint8))


def scattered(seed, count):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 400, (count, 2)), rng.integers(-60, 61, (count, 32)).astype(np.int8)


@settings(deadline=None, max_examples=40)
@given(
    st.floats(0.3, 3.0),
    st.floats(0, 360),
    st.tuples(st.floats(-300, 300), st.floats(-300, 300)),
    st.integers(0, 2**32 - 1),
)
def test_a_known_similarity_is_recovered_among_outliers(scale, angle, shift, seed):
    places, descriptors = scattered(seed, 60)
    known = similarity(scale, angle, shift)
    target = places @ known[:, :2].T + known[:, 2]
    target[40:] = scattered(seed + 1, 20)[0]  # a third of the matches go astray
    found = registration.register(starry(places, descriptors), starry(target, descriptors))
    assert 36 <= found.inliers <= 60  # at a small scale, some of the 40 fall on one pixel and count once
    # A stray match within TOLERANCE of its place may pull by a part of these 4 pixels.
    np.testing.assert_allclose(found.matrix[:, :2], known[:, :2], atol=0.02)
    laid = places[:40] @ found.matrix[:, :2].T + found.matrix[:, 2]
    assert abs(laid - target[:40]).max() < 2


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_keypoints_register_nothing(count):
    places, descriptors = scattered(1, count)
    enough = starry(*scattered(1, 10))
    assert registration.register(starry(places, descriptors), enough) is None
    assert registration.register(enough, starry(places, descriptors)) is None


def test_fewer_than_three_matches_register_nothing():
    # Two keypoints are shared; the other descriptors are far from all and from each other, but equal in pairs, so
    # that the nearest is never clearly nearer than the second.
    places, descriptors = scattered(1, 6)
    other = np.repeat(scattered(2, 2)[1], 2, axis=0)
    first = starry(places, np.concatenate([descriptors[:2], descriptors[2:4], descriptors[2:4]]))
    second = starry(places, np.concatenate([descriptors[:2], other]))
    assert registration.register(first, second) is None


def test_keypoints_of_one_place_count_once():
    # 30 keypoints, three directions at each of 10 places.
    places, descriptors = scattered(3, 30)
    places = np.repeat(places[:10], 3, axis=0)
    assert registration.register(starry(places, descriptors), starry(places, descriptors)).inliers == 10


@pytest.mark.parametrize("scale", [0.1, 8.0])
def test_a_scale_beyond_reason_registers_nothing(scale):
    places, descriptors = scattered(4, 40)
    assert registration.register(starry(places, descriptors), starry(places * scale, descriptors)) is None


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_turned_photo_lies_where_its_frame_does(turn, mirrored):
    photo = drawn(0)
    first, second = local(photo), local(turned(photo, mirrored, turn))
    first = first.mirrored(codebook.load().signs) if mirrored else first
    found = registration.register(first, second)
    np.testing.assert_allclose(found.matrix, registration.squeezed(first, second, turn), atol=0.15)


@pytest.mark.parametrize(
    ("turn", "corner", "expected"),
    # 400 x 300 onto 200 x 100: the left upper corner goes counter-clockwise, to the lower left corner first.
    [(0, (0, 0), (0, 0)), (1, (0, 0), (0, 100)), (2, (0, 0), (200, 100)), (3, (0, 0), (200, 0)), (1, (400, 0), (0, 0))],
)
def test_the_whole_frame_is_squeezed_into_the_other_by_turns(turn, corner, expected):
    matrix = registration.squeezed(frame(400, 300), frame(200, 100), turn)
    np.testing.assert_allclose(matrix @ [*corner, 1], expected, atol=1e-9)


# Of the first, 100 x 100, in the second of the given size: the overlaps of both and their containments.
BY_HAND = {
    "the same": (similarity(), (100, 100), (1, 1), (1, 1)),
    # Its middle quarter, 50 x 50, enlarged to 100 x 100: places are doubled and the middle stays.
    "a centred crop of half the side": (similarity(2, 0, (-50, -50)), (100, 100), (0.25, 1), (1, 1)),
    "a crop of half the side at a corner": (similarity(2), (100, 100), (0.25, 1), (1, 1)),
    "beside": (similarity(1, 0, (150, 0)), (100, 100), (0, 0), (0, 0)),
    "touching": (similarity(1, 0, (100, 0)), (100, 100), (0, 0), (0, 0)),
    "shifted by half": (similarity(1, 0, (50, 0)), (100, 100), (0.5, 0.5), (0.5, 0.5)),
    "shifted by half both ways": (similarity(1, 0, (50, 50)), (100, 100), (0.25, 0.25), (0.25, 0.25)),
    "turned by 90": (similarity(1, 90, (100, 0)), (100, 100), (1, 1), (1, 1)),
    # 100 x 100 in 200 x 50: 100 x 50 are common, which is also the most that centring could give.
    "another shape": (similarity(), (200, 50), (0.5, 0.5), (1, 1)),
    # Squares turned by 45 degrees about one centre share a regular octagon: 2 (sqrt(2) - 1) of the square.
    "turned by 45": (similarity(1, 45, (50, 50 - 50 * 2**0.5)), (100, 100), (0.8284, 0.8284), (1, 1)),
    # Only 50 x 50 of a crop of 70 x 70 at a corner lie in a window that begins 20 further down and right.
    "two crops that meet": (similarity(1, 0, (-30, -30)), (100, 100), (0.49, 0.49), (0.49, 0.49)),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_overlap_and_containment_are_those_derived_by_hand(name):
    matrix, size, overlaps, containments = BY_HAND[name]
    first, second = frame(100, 100), frame(*size)
    assert registration.overlaps(matrix, first, second) == pytest.approx(overlaps, abs=1e-4)
    assert registration.containments(matrix, first, second) == pytest.approx(containments, abs=1e-4)


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_turned_frames_upon_one_centre_share_the_smaller_of_their_sides(angle):
    for width, height, other_width, other_height in itertools.product([225, 300, 400], repeat=4):
        first, second = frame(width, height), frame(other_width, other_height)
        matrix = similarity(1, angle)
        matrix[:, 2] = np.array([other_width / 2, other_height / 2]) - matrix[:, :2] @ [width / 2, height / 2]
        across, down = (height, width) if angle in (90, 270) else (width, height)
        common = min(across, other_width) * min(down, other_height)
        expected = common / (width * height), common / (other_width * other_height)
        assert registration.overlaps(matrix, first, second) == pytest.approx(expected)
        assert registration.containments(matrix, first, second) == pytest.approx((1, 1))


sides = st.integers(1, 400)


@settings(deadline=None, max_examples=40)
@given(sides, sides, sides, sides, st.integers(0, 3))
def test_whole_frames_laid_over_each_other_overlap_fully(width, height, other_width, other_height, turn):
    first, second = frame(width, height), frame(other_width, other_height)
    matrix = registration.squeezed(first, second, turn)
    assert registration.overlaps(matrix, first, second) == pytest.approx((1, 1))
    assert registration.containments(matrix, first, second) == pytest.approx((1, 1))


@settings(deadline=None, max_examples=40)
@given(
    *[st.integers(20, 300)] * 4,
    st.floats(0.5, 2),
    st.one_of(st.sampled_from([0, 90, 180, 270]), st.floats(0, 360)),
    st.tuples(st.integers(-300, 300), st.integers(-300, 300)),
)
def test_overlaps_are_those_counted_on_a_drawing(width, height, other_width, other_height, scale, angle, shift):
    first, second = frame(width, height), frame(other_width, other_height)
    matrix = similarity(scale, angle, shift)
    # Points of a fine grid over the second frame, led back into the first.
    x, y = np.meshgrid((np.arange(200) + 0.5) / 200 * other_width, (np.arange(200) + 0.5) / 200 * other_height)
    back = cv2.invertAffineTransform(matrix)
    led = np.stack([x.ravel(), y.ravel()], axis=1) @ back[:, :2].T + back[:, 2]
    share = ((led >= 0) & (led <= [width, height])).all(axis=1).mean()
    overlap_a, overlap_b = registration.overlaps(matrix, first, second)
    assert overlap_b == pytest.approx(share, abs=0.02)
    # Both count one area: of the first frame it is scaled by the square of the scale.
    assert overlap_a * width * height * scale**2 == pytest.approx(overlap_b * other_width * other_height, rel=1e-6)


def test_a_mirrored_photo_mirrors_its_places_its_descriptors_and_its_view():
    photo = Local(
        10, 5, np.array([[2, 1]], np.float32), np.array([[3, 4]], np.int8), np.array([[1, 2], [3, 4]], np.uint8)
    )
    found = photo.mirrored(np.array([1, -1], dtype=np.int8))
    assert found.places.tolist() == [[8, 1]]
    assert found.descriptors.tolist() == [[3, -4]]
    assert found.view.tolist() == [[2, 1], [4, 3]]

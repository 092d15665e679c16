import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from lesionflow.curate import hashes
from lesionflow.sample import drawing
from lesionflow.sample.catalogue import SMALL, catalogue

TURNED = {
    "rotated 90": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
    "rotated 180": lambda picture: picture.transpose(Image.Transpose.ROTATE_180),
    "rotated 270": lambda picture: picture.transpose(Image.Transpose.ROTATE_270),
}
VARIANTS = {
    **TURNED,
    "mirrored": ImageOps.mirror,
    **{f"mirrored, {name}": lambda picture, turn=turn: turn(ImageOps.mirror(picture)) for name, turn in TURNED.items()},
}


@pytest.fixture(scope="module")
def photos():
    return [drawing.draw(subject, 7)[0].convert("L") for subject in catalogue(SMALL, 7)[::9]]


def variants(turned):
    return [turned[start : start + 16] for start in range(0, len(turned), 16)]


def test_phash_is_that_of_imagehash(photos):
    for photo in photos:
        assert hashes.phashes(photo)[0] == str(imagehash.phash(photo))


@pytest.mark.parametrize("place", range(len(hashes.TURNS)), ids=hashes.TURNS)
def test_turned_hash_is_that_of_the_turned_picture(photos, place):
    for photo in photos:
        found = imagehash.hex_to_hash(variants(hashes.phashes(photo)[1])[place])
        # Pillow rounds to whole grey levels between its horizontal and its vertical pass: up to two bits may tip.
        assert found - imagehash.phash(VARIANTS[hashes.TURNS[place]](photo)) <= 2


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1))
def test_hashes_of_a_reduced_picture_are_exactly_those_of_imagehash(seed):
    picture = Image.fromarray(np.random.default_rng(seed).integers(0, 256, (32, 32), dtype=np.uint8))
    expected = [str(imagehash.phash(VARIANTS[name](picture))) for name in hashes.TURNS]
    phash, turned = hashes.phashes(picture)
    assert [phash, *variants(turned)] == [str(imagehash.phash(picture)), *expected]


@pytest.mark.parametrize("level", [0, 100, 255])
def test_flat_pictures_have_hashes_without_noise(level):
    # One frequency, the mean, is above the median of 0; in black none is.
    digits = "8" + 15 * "0" if level else 16 * "0"
    assert hashes.phashes(Image.new("L", (90, 60), level)) == (digits, 7 * digits)

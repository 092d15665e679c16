import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageOps

from lesionflow.curate import codebook, codebook_training, keypoints
from tests.curate.pair_photos import drawn


def sift(seed, keypoints=20):
    """Histograms as SIFT makes them: whole numbers from 0 to 255."""
    return np.random.default_rng(seed).integers(0, 256, (keypoints, 128)).astype(np.float32)


def test_the_codebook_of_the_package_has_the_documented_shapes():
    book = codebook.load()
    assert book.mean.shape == (128,)
    assert book.axes.shape == (128, codebook.DIMENSIONS)
    assert set(book.signs) == {1, -1}
    assert book.signs.shape == (codebook.DIMENSIONS,)
    assert book.centres.shape == (2, codebook.CENTRES, codebook.NAMING // 2)
    assert all(np.isfinite(part).all() for part in (book.mean, book.axes, book.centres))


def test_mirroring_twice_changes_nothing():
    places = codebook.mirroring()
    np.testing.assert_array_equal(places[places], np.arange(128))
    # Row 0 of the cells comes from row 3; orientation 0 stays, 1 (45 degrees) comes from 7 (-45 degrees).
    np.testing.assert_array_equal(places[:3], [96, 96 + 7, 96 + 6])


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1))
def test_mirroring_after_the_projection_is_projecting_the_mirrored_descriptor(seed):
    book, rooted = codebook.load(), codebook.rooted(sift(seed))
    before = book.project(rooted[:, codebook.mirroring()]).astype(int)
    after = book.mirrored(book.project(rooted))
    assert after.dtype == np.int8
    assert abs(before - after).max() <= 1


def test_descriptors_of_a_mirrored_photo_are_the_mirrored_descriptors():
    book, photo = codebook.load(), drawn(0).convert("L")
    places, rooted = keypoints.detect(np.asarray(photo))
    other_places, other_rooted = keypoints.detect(np.asarray(ImageOps.mirror(photo)))
    expected = np.stack([photo.width - places[:, 0], places[:, 1]], axis=1)
    mirrored, other = book.mirrored(book.project(rooted)).astype(int), book.project(other_rooted).astype(int)
    misses = []
    for place, descriptor in zip(expected, mirrored, strict=True):
        here = abs(other_places - place).max(axis=1) < 0.1
        # Of several directions at one place, one is that of the mirrored patch.
        misses += [abs(other[here] - descriptor).max(axis=1).min()] if here.any() else []
    assert len(misses) >= 0.6 * len(places)  # the weakest are not found in both
    # OpenCV rounds the window's centre to whole pixels, so that some differ; 127 stands for four deviations.
    assert np.median(misses) <= 10


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(0, 30))
def test_words_are_in_range_and_depend_on_the_descriptor_alone(seed, count):
    descriptors = np.random.default_rng(seed).integers(-127, 128, (count, codebook.DIMENSIONS)).astype(np.int8)
    words = codebook.load().words(descriptors)
    assert words.dtype == np.int32
    assert ((words >= 0) & (words < codebook.CENTRES**2)).all()
    np.testing.assert_array_equal(codebook.load().words(descriptors[::-1]), words[::-1])


def test_a_word_names_the_nearest_centre_of_either_half():
    # A descriptor at centre 8 of the even dimensions and centre 400 of the odd ones: word 8 * 1024 + 400.
    book = codebook.load()
    spread = np.zeros((2, codebook.CENTRES, codebook.NAMING // 2), dtype=np.float32)
    spread[0, :, 0] = spread[1, :, 0] = np.arange(codebook.CENTRES) / 4
    descriptor = np.zeros((1, codebook.DIMENSIONS), dtype=np.int8)
    descriptor[0, 0], descriptor[0, 1] = 2, 100  # centres 8 (at 2) and 400 (at 100)
    found = codebook.Codebook(book.mean, book.axes, book.signs, spread).words(descriptor)
    assert found.tolist() == [8 * 1024 + 400]


def test_rooted_descriptors_have_length_one_and_an_empty_one_stays_empty():
    rooted = codebook.rooted(np.vstack([sift(1), np.zeros((1, 128), dtype=np.float32)]))
    np.testing.assert_allclose((rooted**2).sum(axis=1), [1] * 20 + [0], atol=1e-5)


@pytest.fixture
def shipped():
    return codebook.load()


@pytest.fixture
def trained(shipped, tmp_path, monkeypatch):
    monkeypatch.setattr(codebook_training, "PICTURES", 5)
    monkeypatch.setattr(codebook, "PATH", tmp_path / "codebooks" / "sift.npz")
    codebook_training.main()
    codebook.load.cache_clear()
    yield codebook.load()
    codebook.load.cache_clear()


def test_training_on_fewer_pictures_makes_a_codebook_of_the_same_structure(trained):
    # Axes stand at right angles, and the widest has deviation 127 / 4 by definition, so that all have one length.
    square = trained.axes.T @ trained.axes
    np.testing.assert_allclose(square, square[0, 0] * np.eye(codebook.DIMENSIONS), atol=1e-3 * square[0, 0])
    # A mirrored patch leaves each axis alone or turns it around, and the mean as it is.
    np.testing.assert_allclose(trained.mean[codebook.mirroring()], trained.mean, atol=1e-6)
    np.testing.assert_allclose(trained.axes[codebook.mirroring()], trained.axes * trained.signs, atol=1e-3)
    assert trained.centres.shape == (2, codebook.CENTRES, codebook.NAMING // 2)


def test_training_on_fewer_pictures_finds_much_the_same_space(trained, shipped):
    bases = [np.linalg.qr(axes[:, : codebook.NAMING])[0] for axes in (trained.axes, shipped.axes)]
    # Cosines between the two spaces; of random ones of 16 in 128 dimensions their mean square would be 16 / 128.
    cosines = np.linalg.svd(bases[0].T @ bases[1], compute_uv=False)
    assert (cosines**2).mean() > 0.8

import numpy as np
import pytest

from lesionflow.errors import LesionflowError
from lesionflow.learn import features, pixels
from lesionflow.learn.features import FeaturesParams


@pytest.fixture
def mapped(backbone, photos, monkeypatch):
    monkeypatch.setenv("LESIONFLOW_BACKEND", "sequential")
    found = np.zeros((len(photos), 3, backbone.input_size, backbone.input_size), dtype=np.uint8)
    pixels.fill(found, photos, backbone.preprocess)
    return found


def test_features_of_the_map_are_those_of_the_photos(backbone, photos, mapped):
    # 6 photos in batches of 4: the second one is filled up.
    assert np.array_equal(
        pixels.features(backbone, mapped, batch_size=4),
        features.extract(backbone, photos, FeaturesParams(batch_size=4))[:, 0],
    )


def test_no_photos_give_no_features(backbone, mapped):
    assert pixels.features(backbone, mapped[:0], batch_size=4).shape == (0, backbone.width)


def test_a_photo_that_does_not_decode_is_named(backbone, store, monkeypatch):
    monkeypatch.setenv("LESIONFLOW_BACKEND", "sequential")
    photos = store([b"no picture"])
    with pytest.raises(LesionflowError, match=r"^shard\.tar: photo a: not a picture that can be decoded"):
        pixels.fill(np.zeros((1, 3, 8, 8), dtype=np.uint8), photos, backbone.preprocess)

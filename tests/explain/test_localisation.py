import io

import numpy as np
import pytest
from PIL import Image
from timm.data.transforms_factory import create_transform

from lesionflow.explain import localisation
from lesionflow.images import StoredPhoto
from lesionflow.learn.preprocessing import Preprocess


def png(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def preprocess():
    # The shorter side becomes 40, of which the middle 32 are kept.
    return Preprocess(create_transform(input_size=(3, 32, 32), crop_pct=0.8, is_training=False))


@pytest.fixture
def stored(tmp_path):
    def put(contents):
        found = {}
        for name, content in contents.items():
            (tmp_path / name).write_bytes(content)
            found[name] = StoredPhoto(name, tmp_path / name, 0, len(content))
        return found

    return put


def test_a_mask_goes_through_the_geometry_of_its_photo(preprocess):
    mask = np.zeros((80, 120), dtype=np.uint8)
    mask[20:60, 40:80] = 255
    seen = localisation.in_view(Image.fromarray(mask), preprocess)
    # 120 x 80 becomes 60 x 40; the mask's 40 x 40 become 20 x 20 in the middle, of which 32 x 32 are kept: 6 to 26.
    assert seen.shape == (32, 32)
    assert seen[8:24, 8:24].all()
    assert not seen[:4].any()
    assert seen.sum() == pytest.approx(400, abs=50)


def test_masks_that_cannot_be_used_are_counted_by_reason(preprocess, stored):
    lesion = np.zeros((80, 80), dtype=np.uint8)
    lesion[30:50, 30:50] = 255
    corner = np.zeros((80, 80), dtype=np.uint8)
    corner[:4, :4] = 255  # cut off: a tenth of each end is out of view
    photos = stored(
        {
            "good": png(lesion),
            "small": png(lesion[:40]),
            "broken": b"no picture",
            "empty": png(lesion * 0),
            "corner": png(corner),
        }
    )
    found = localisation.masks(photos, dict.fromkeys(photos, (80, 80)), preprocess)
    assert list(found.seen) == ["good"]
    assert found.unusable == {"unreadable": 1, "another shape than its photo": 1, "out of view": 2}


def test_scores_of_a_map_by_hand():
    # Lesion: the left half. Map: 3 on the first quarter of the columns, 1 on the last.
    lesions = np.zeros((1, 8, 8), dtype=bool)
    lesions[:, :, :4] = True
    found = np.zeros((1, 8, 8), dtype=np.float32)
    found[:, :, :2], found[:, :, 6:] = 3, 1
    assert localisation.pointing(found, lesions).tolist() == [1]
    assert localisation.pointing(found, ~lesions).tolist() == [0]
    # 3 of 4 parts of the sum lie inside.
    assert localisation.energy(found, lesions).tolist() == [0.75]
    # From half of the top on: 2 columns marked, 4 of lesion. From 0.3: 4 marked, 2 shared, 6 in either.
    assert localisation.overlap(found, lesions, 0.5).tolist() == [0.5]
    assert localisation.overlap(found, lesions, 0.3)[0] == pytest.approx(2 / 6)
    assert localisation.best_threshold(found, lesions) == pytest.approx(0.35)


def test_an_empty_map_has_no_energy_and_no_photos_a_threshold_all_the_same():
    assert localisation.energy(np.zeros((1, 4, 4), np.float32), np.ones((1, 4, 4), bool)).tolist() == [0]
    assert localisation.best_threshold(np.zeros((0, 4, 4), np.float32), np.zeros((0, 4, 4), bool)) == 0.05

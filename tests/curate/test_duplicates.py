import io

import pandas as pd
import pytest
from PIL import Image, ImageOps

from lesionflow import seeding
from lesionflow.curate import duplicates, fingerprint
from lesionflow.curate.settings import DuplicatesParams
from lesionflow.sample import drawing
from lesionflow.sample.catalogue import SMALL, catalogue

SETTINGS = DuplicatesParams(hash_distance=8, min_agreement=0.87)
CHANGES = {
    "same, recompressed": lambda photo: Image.open(io.BytesIO(drawing.as_jpeg(photo, 40))),
    "half": lambda photo: photo.resize((photo.width // 2, photo.height // 2)),
    "brighter": lambda photo: photo.point(lambda level: min(255, level * 1.2)),
    "mirrored": ImageOps.mirror,
    "cropped": lambda photo: photo.crop((6, 5, photo.width - 6, photo.height - 5)),
}


@pytest.fixture(scope="module")
def photos():
    return [drawing.draw(subject, 7)[0] for subject in catalogue(SMALL, 7)[::4]]


def table(pictures):
    rows = [{"sha256": name, "width": 1, "height": 1, **fingerprint.fingerprint(p)} for name, p in pictures.items()]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_confirmed(photos, change):
    pairs = duplicates.confirmed(table({"a": photos[0], "b": CHANGES[change](photos[0])}), SETTINGS)
    assert list(zip(pairs["sha256_a"], pairs["sha256_b"], strict=True)) == [("a", "b")]
    assert pairs.loc[0, "score"] >= 0.87


def test_different_lesions_are_not_confirmed_even_when_hashes_are_near(photos):
    different = table({f"{number:02d}": photo for number, photo in enumerate(photos)})
    loose = DuplicatesParams(hash_distance=20, min_agreement=0.87)
    assert len(duplicates.candidates(different, loose)) > 20
    # Two views of one lesion may be confirmed; the catalogue's every fourth photo holds none twice.
    assert len(duplicates.confirmed(different, loose)) == 0


def test_flat_pictures_resemble_nothing():
    grey = {name: Image.new("RGB", (300, 300), (level,) * 3) for name, level in (("a", 100), ("b", 100), ("c", 180))}
    assert len(duplicates.candidates(table(grey), SETTINGS)) > 0
    assert len(duplicates.confirmed(table(grey), SETTINGS)) == 0


def test_the_hash_distance_itself_counts():
    # 0b111 and 0 differ in three bits: within 3, not within 2.
    bits = duplicates._bits(pd.Series(["0000000000000007", "0000000000000000"]))
    assert set(duplicates._within(bits, bits, 3)) == {(0, 1)}
    assert set(duplicates._within(bits, bits, 2)) == set()


def test_no_photos_give_no_pairs():
    empty = table({"a": Image.new("RGB", (300, 300))}).iloc[:0]
    assert len(duplicates.confirmed(empty, SETTINGS)) == 0


def test_agreement_names_the_transform(photos):
    rng = seeding.generator(1, "thumbnails")
    first = rng.normal(128, 40, (1, 64, 64))
    score, name = duplicates.agreement(first, first[:, :, ::-1])
    assert (score[0], name[0]) == (pytest.approx(1), "mirrored")

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lesionflow import images, tables
from lesionflow.curate import codebook, local_features
from lesionflow.images import StoredPhoto
from lesionflow.sample import drawing
from tests.curate.pair_photos import drawn, local


def encoded(picture, kind="PNG", **options):
    written = io.BytesIO()
    picture.save(written, kind, **options)
    return written.getvalue()


def keypoints_of(row):
    return len(np.frombuffer(row["places"], dtype=np.float32)) // 2


@pytest.fixture
def stored(tmp_path, monkeypatch):
    monkeypatch.setenv("LESIONFLOW_WORKERS", "1")
    contents = [drawing.as_jpeg(drawn(number)) for number in range(3)]
    shard = tmp_path / "s.tar"
    shard.write_bytes(b"".join(contents))
    starts = np.cumsum([0, *map(len, contents)])
    return [StoredPhoto(name, shard, int(at), len(c)) for name, at, c in zip("abc", starts, contents, strict=False)]


def test_growth_equals_a_run_from_scratch_and_decodes_only_what_is_new(stored, monkeypatch, tmp_path):
    scratch = local_features.with_cached(stored, tables.LOCAL_FEATURES.empty())
    first = local_features.with_cached(stored[:2], tables.LOCAL_FEATURES.empty())
    tables.write(first, tmp_path / "first.parquet", tables.LOCAL_FEATURES)
    decoded, whole = [], images.decode
    monkeypatch.setattr(images, "decode", lambda content, **options: decoded.append(1) or whole(content, **options))
    cached = tables.read(tmp_path / "first.parquet", tables.LOCAL_FEATURES)
    grown = local_features.with_cached(stored[1:], cached)
    assert len(decoded) == 1
    tables.write(scratch[scratch["sha256"] != "a"], tmp_path / "scratch.parquet", tables.LOCAL_FEATURES)
    tables.write(grown, tmp_path / "grown.parquet", tables.LOCAL_FEATURES)
    assert (tmp_path / "scratch.parquet").read_bytes() == (tmp_path / "grown.parquet").read_bytes()


def test_rows_of_another_version_are_computed_anew(stored):
    fresh = local_features.with_cached(stored[:1], tables.LOCAL_FEATURES.empty())
    stale = fresh.assign(version=local_features.VERSION - 1, width=1)
    pd.testing.assert_frame_equal(local_features.with_cached(stored[:1], stale), fresh, check_dtype=False)


def test_identical_bytes_under_two_records_are_one_row(stored):
    row = {"status": "stored", "sha256": "a", "shard": stored[0].shard.name, "offset": 0, "length": stored[0].length}
    ingested = pd.DataFrame([row | {"record_id": "m:1"}, row | {"record_id": "m:2"}])
    photos = list(images.stored_photos(ingested, stored[0].shard.parent).values())
    assert local_features.with_cached(photos, tables.LOCAL_FEATURES.empty())["sha256"].tolist() == ["a"]


def test_no_photos_have_no_rows(stored):
    cached = local_features.with_cached(stored[:1], tables.LOCAL_FEATURES.empty())
    assert len(local_features.with_cached([], cached)) == 0


@pytest.mark.parametrize("content", [b"", b"<html>", drawing.as_jpeg(drawn(0))[:1200]])
def test_what_cannot_be_decoded_has_a_row_without_keypoints_or_words(content, tmp_path):
    row = local_features.describe_bytes(content) | {"sha256": "a"}
    tables.write(pd.DataFrame([row]), tmp_path / "l.parquet", tables.LOCAL_FEATURES)
    back = tables.read(tmp_path / "l.parquet", tables.LOCAL_FEATURES).iloc[0]
    assert (back["places"], back["descriptors"], len(back["words"]), len(back["words_mirrored"])) == (b"", b"", 0, 0)


def test_a_row_reads_back_from_its_table_as_it_was_written(tmp_path):
    row = local_features.describe(drawn(0)) | {"sha256": "a"}
    tables.write(pd.DataFrame([row]), tmp_path / "l.parquet", tables.LOCAL_FEATURES)
    back = tables.read(tmp_path / "l.parquet", tables.LOCAL_FEATURES).iloc[0]
    assert set(row) == set(tables.LOCAL_FEATURES.columns)
    for name in ("width", "height", "view_width", "places", "descriptors", "view"):
        assert back[name] == row[name]
    for name in ("words", "words_mirrored"):
        np.testing.assert_array_equal(back[name], row[name])


@pytest.mark.parametrize(
    ("size", "expected", "view"),
    # The short side is 160, and 64 in the view; the long side no more than four times that.
    [
        ((600, 450), (213, 160), (85, 64)),
        ((100, 100), (160, 160), (64, 64)),
        ((1, 1), (160, 160), (64, 64)),
        ((1, 3000), (1, 640), (1, 256)),
        ((3000, 1), (640, 1), (256, 1)),
    ],
)
def test_a_picture_is_described_at_one_scale_whatever_its_size(size, expected, view):
    row = local_features.describe(Image.new("RGB", size, (200, 150, 120)))
    assert (row["width"], row["height"]) == expected
    assert (row["view_width"], len(row["view"])) == (view[0], view[0] * view[1])


def rgba(photo):
    photo = photo.convert("RGBA")
    photo.putalpha(Image.new("L", photo.size, 255))
    return photo


def deep(photo):
    return Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 256)


AS = {
    "16 bit": lambda photo: encoded(deep(photo)),
    "CMYK": lambda photo: encoded(photo.convert("CMYK"), "TIFF"),
    "palette": lambda photo: encoded(photo.convert("P", palette=Image.Palette.ADAPTIVE)),
    "animated": lambda photo: encoded(photo, "GIF", save_all=True, append_images=[Image.new("RGB", photo.size)]),
    "transparent": lambda photo: encoded(rgba(photo)),
}


@pytest.mark.parametrize("kind", AS)
def test_a_photo_of_another_kind_shows_what_the_photo_shows(kind):
    photo = drawn(0)
    plain, other = local_features.describe_bytes(encoded(photo)), local_features.describe_bytes(AS[kind](photo))
    levels = [np.frombuffer(row["view"], dtype=np.uint8).astype(int) for row in (plain, other)]
    assert abs(levels[0] - levels[1]).mean() < 4
    assert keypoints_of(other) > 0.5 * keypoints_of(plain)


def test_mirrored_words_are_mostly_the_words_of_the_mirrored_photo():
    photo = drawn(1)
    row, other = (local_features.describe(p) for p in (photo, photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)))
    common = np.intersect1d(row["words_mirrored"], other["words"])
    # By chance 300 of 262,144 words hit 300 others 0.3 times; unmirrored they should do little better.
    assert len(common) > 0.2 * len(other["words"])
    assert len(np.intersect1d(row["words"], other["words"])) < len(common) / 4


def test_words_are_those_of_the_descriptors_each_once():
    row, photo = local_features.describe(drawn(0)), local(drawn(0))
    assert row["words"].tolist() == sorted(set(codebook.load().words(photo.descriptors).tolist()))
    assert len(photo.places) == len(photo.descriptors) > 0

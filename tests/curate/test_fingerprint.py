import io

import imagehash
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from lesionflow import images, tables
from lesionflow.curate import fingerprint, hashes
from lesionflow.images import StoredPhoto
from lesionflow.sample import drawing
from lesionflow.sample.catalogue import SMALL, catalogue


def encoded(picture, kind="PNG", **options):
    written = io.BytesIO()
    picture.save(written, kind, **options)
    return written.getvalue()


def drawn(number=0):
    return drawing.draw(catalogue(SMALL, 1)[number], 1)[0]


def test_columns_are_those_of_the_table():
    found = set(fingerprint.fingerprint(drawn()))
    assert found == set(tables.FINGERPRINTS.columns) - {"sha256", "width", "height"}
    assert set(fingerprint.fingerprint_bytes(b"")) == found


def test_thumbnail_is_the_picture_squeezed_to_64_by_64_levels():
    # 640 x 128 pixels, the left half 40, the right half 200: columns 0-31 and 32-63.
    picture = Image.new("RGB", (640, 128), (40,) * 3)
    picture.paste((200,) * 3, (320, 0, 640, 128))
    levels = np.frombuffer(fingerprint.fingerprint(picture)["thumbnail"], dtype=np.uint8).reshape(64, 64)
    assert (levels[:, :32] == 40).all()
    assert (levels[:, 32:] == 200).all()


def test_turned_hash_is_the_hash_of_the_turned_picture():
    photo = drawn()
    turned = fingerprint.fingerprint(photo)["phash_turned"]
    place = 16 * hashes.TURNS.index("mirrored")
    mirrored = fingerprint.fingerprint(photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    assert turned[place : place + 16] == mirrored["phash"]


def test_trimmed_hash_of_a_framed_photo_is_near_the_hash_of_the_photo():
    photo = drawn()
    framed = fingerprint.fingerprint(ImageOps.expand(photo, border=30, fill="white"))
    whole = imagehash.hex_to_hash(fingerprint.fingerprint(photo)["phash"])
    assert imagehash.hex_to_hash(framed["phash_trimmed"]) - whole <= 4 < imagehash.hex_to_hash(framed["phash"]) - whole


def test_measures_hardly_depend_on_the_scale_of_the_photo():
    # Twice and four times the pixels of one scene; only sharpness depends on detail that an enlarged photo lacks.
    small = drawn().resize((300, 225))
    one, two = (fingerprint.fingerprint(small.resize((300 * by, 225 * by))) for by in (1, 3))
    for name in ("brightness", "contrast", "entropy", "colourfulness", "skin_share", "border_share", "text_share"):
        assert two[name] == pytest.approx(one[name], rel=0.05, abs=0.02)


ODD = {
    "flat": Image.new("RGB", (300, 225), (90, 90, 90)),
    "one pixel": Image.new("RGB", (1, 1), (200, 150, 120)),
    "1 x 3000": Image.new("RGB", (1, 3000), (200, 150, 120)),
    "3000 x 1": Image.new("RGB", (3000, 1), (200, 150, 120)),
    "palette": Image.new("P", (64, 64), 3),
    "transparent": Image.new("RGBA", (64, 64), (0, 0, 0, 0)),
    "16 bit": Image.fromarray(np.full((64, 64), 40_000, dtype=np.uint16)),
    "1 bit": Image.new("1", (64, 64)),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_pictures_have_fingerprints(name):
    found = fingerprint.fingerprint_bytes(encoded(ODD[name]))
    assert found["readable"]
    assert all(np.isfinite(found[measure]) for measure in fingerprint.MEASURES)
    assert (len(found["phash"]), len(found["phash_turned"]), len(found["thumbnail"])) == (16, 7 * 16, 64 * 64)


def test_cmyk_jpegs_and_animations_have_fingerprints():
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "green")]
    animated = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    cmyk = encoded(drawn().convert("CMYK"), "JPEG")
    assert fingerprint.fingerprint_bytes(animated)["skin_share"] == 1  # the first frame, which is red
    assert fingerprint.fingerprint_bytes(cmyk)["readable"]


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(0, 2**32 - 1))
def test_every_size_has_measures_within_their_ranges(width, height, seed):
    levels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    found = fingerprint.fingerprint(Image.fromarray(levels))
    shares = [name for name in fingerprint.MEASURES if name.endswith(("_share", "_score", "brightness"))]
    assert all(0 <= found[name] <= 1 for name in shares)
    assert 0 <= found["entropy"] <= 8


@pytest.mark.parametrize("content", [b"", b"<html>", encoded(drawn(), "JPEG")[:1200]])
def test_what_cannot_be_decoded_is_marked_and_does_not_end_the_run(content, tmp_path):
    shard = tmp_path / "s.tar"
    shard.write_bytes(content)
    found = fingerprint.with_cached(
        [StoredPhoto("a", shard, 0, len(content))], {"a": (9, 9)}, tables.FINGERPRINTS.empty()
    )
    tables.write(found, tmp_path / "f.parquet", tables.FINGERPRINTS)
    row = tables.read(tmp_path / "f.parquet", tables.FINGERPRINTS).iloc[0]
    assert (row["readable"], row["phash"], row["thumbnail"], row["width"]) == (False, "", b"", 9)
    assert row[list(fingerprint.MEASURES)].isna().all()


@pytest.fixture
def stored(tmp_path):
    contents = [drawing.as_jpeg(drawing.draw(subject, 1)[0]) for subject in catalogue(SMALL, 1)[:4]]
    shard = tmp_path / "s.tar"
    shard.write_bytes(b"".join(contents))
    starts = np.cumsum([0, *map(len, contents)])
    return [StoredPhoto(name, shard, int(at), len(c)) for name, at, c in zip("abcd", starts, contents, strict=False)]


def sizes(photos):
    return {photo.sha256: (256, 192) for photo in photos}


def test_growth_equals_a_run_from_scratch_and_decodes_only_what_is_new(stored, monkeypatch, tmp_path):
    monkeypatch.setenv("LESIONFLOW_WORKERS", "1")
    scratch = fingerprint.with_cached(stored, sizes(stored), tables.FINGERPRINTS.empty())
    first = fingerprint.with_cached(stored[:3], sizes(stored), tables.FINGERPRINTS.empty())
    decoded = []
    whole = images.decode
    monkeypatch.setattr(images, "decode", lambda content, **options: decoded.append(1) or whole(content, **options))
    grown = fingerprint.with_cached(stored[1:], sizes(stored), first)
    assert len(decoded) == 1
    tables.write(scratch[scratch["sha256"] != "a"], tmp_path / "scratch.parquet", tables.FINGERPRINTS)
    tables.write(grown, tmp_path / "grown.parquet", tables.FINGERPRINTS)
    assert (tmp_path / "scratch.parquet").read_bytes() == (tmp_path / "grown.parquet").read_bytes()


def test_rows_of_another_version_are_computed_anew(stored):
    old = fingerprint.with_cached(stored[:1], sizes(stored), tables.FINGERPRINTS.empty())
    stale = old.assign(version=fingerprint.VERSION - 1, sharpness=-1.0)
    found = fingerprint.with_cached(stored[:1], sizes(stored), stale)
    pd.testing.assert_frame_equal(found, old, check_dtype=False)

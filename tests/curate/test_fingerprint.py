import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lesionflow import images, tables
from lesionflow.curate import fingerprint
from lesionflow.images import StoredPhoto
from lesionflow.sample import drawing
from lesionflow.sample.catalogue import SMALL, catalogue


def plain(level=128, size=(300, 225)):
    return Image.new("RGB", size, (level,) * 3)


def test_measures_of_a_plain_grey_picture():
    # All pixels are 102 of 255: brightness 0.4, and no contrast, no entropy, no colour, nothing sharp, all border.
    found = fingerprint.fingerprint(plain(102))
    measures = {name: found[name] for name in ("brightness", "contrast", "entropy", "colourfulness", "sharpness")}
    expected = {"brightness": 0.4, "contrast": 0, "entropy": 0, "colourfulness": 0, "sharpness": 0}
    assert measures == pytest.approx(expected)
    assert found["border_share"] == 1.0


def test_colourfulness_of_two_colours_by_hand():
    # Half red (255,0,0), half blue (0,0,255): red - green is 255 or 0 (mean 127.5, deviation 127.5);
    # (red + green) / 2 - blue is 127.5 or -255 (mean -63.75, deviation 191.25).
    # sqrt(127.5^2 + 191.25^2) + 0.3 sqrt(127.5^2 + 63.75^2) = 229.854 + 42.764 = 272.618
    picture = np.zeros((10, 10, 3))
    picture[:, :5, 0] = picture[:, 5:, 2] = 255
    assert fingerprint._colourfulness(picture) == pytest.approx(272.618, abs=1e-3)


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

import pytest

from benchmarks import fingerprinting
from lesionflow.sample import drawing
from lesionflow.sample.catalogue import SMALL, catalogue


@pytest.fixture
def folder(tmp_path):
    for number, subject in enumerate(catalogue(SMALL, 1)[:5]):
        (tmp_path / f"{number}.jpg").write_bytes(drawing.as_jpeg(drawing.draw(subject, 1)[0]))
    return tmp_path


def test_packed_photos_are_read_back_as_they_were(folder, tmp_path):
    files = sorted(folder.glob("*.jpg"))
    photos = fingerprinting.packed(files, tmp_path / "shard")
    assert [photo.read() for photo in photos] == [file.read_bytes() for file in files]


def test_decoding_counts_every_pixel_in_full(folder, tmp_path):
    # Five drawn photos of 256 x 192.
    photos = fingerprinting.packed(sorted(folder.glob("*.jpg")), tmp_path / "shard")
    assert fingerprinting.decode(photos) == 5 * 256 * 192


def test_ratio_is_that_of_the_times_of_one_pair(folder, monkeypatch):
    monkeypatch.setenv("LESIONFLOW_WORKERS", "1")
    found = fingerprinting.ratio_to_decode(folder, pairs=1)
    assert (found["photos"], found["workers"], len(found["pairs"])) == (5, 1, 1)
    assert found["ratio"] == pytest.approx(found["fingerprint_seconds"] / found["decode_seconds"])

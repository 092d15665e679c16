import hashlib
import io
import tarfile

import pandas as pd
import pytest

from lesionflow.errors import LesionflowError
from lesionflow.images import read_span
from lesionflow.ingest import store
from lesionflow.ingest.store import Content, Stored


@pytest.fixture
def content(tmp_path):
    """A function that lays bytes into a pack and says where."""
    pack = tmp_path / "pack"

    def content(body):
        start = pack.stat().st_size if pack.exists() else 0
        with pack.open("ab") as file:
            file.write(body)
        return Content(hashlib.sha256(body).hexdigest(), str(pack), start, len(body))

    return content


@pytest.fixture
def photos(content):
    """Two photos in the order of their hashes, the second with two masks."""
    first, second = sorted([content(b"one" * 20), content(b"two" * 20)])
    return [Stored(first, "png"), Stored(second, "jpg", [content(b"mask"), content(b"another")])]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "shards").mkdir()
    return tmp_path / "shards"


def test_places_point_at_the_bytes(photos, folder):
    places = store.write_shards("clinic", photos, folder)
    for photo, place in zip(photos, places.photos.itertuples(), strict=True):
        assert (place.sha256, place.shard) == (photo.photo.sha256, "clinic-00000.tar")
        assert read_span(folder / place.shard, place.offset, place.length) == photo.photo.read()
    bodies = [read_span(folder / "clinic-00000.tar", m.mask_offset, m.mask_length) for m in places.masks.itertuples()]
    assert bodies == [b"mask", b"another"]
    assert set(places.masks["sha256"]) == {photos[1].photo.sha256}


def test_a_shard_is_a_plain_tar_in_webdataset_layout_with_fixed_headers(photos, folder):
    store.write_shards("clinic", photos, folder)
    with tarfile.open(folder / "clinic-00000.tar") as shard:
        entries = shard.getmembers()
    one, two = (photo.photo.sha256 for photo in photos)
    masks = [f"{two}.{mask.sha256[:16]}.mask.png" for mask in photos[1].masks]
    assert [entry.name for entry in entries] == [f"{one}.png", f"{two}.jpg", *masks]
    assert {(e.mtime, e.uid, e.gid, e.uname, e.gname, e.mode) for e in entries} == {(0, 0, 0, "", "", 0o644)}


def test_a_full_shard_is_closed(photos, folder, monkeypatch):
    monkeypatch.setattr(store, "SHARD_BYTES", 1)
    places = store.write_shards("clinic", photos, folder)
    assert places.photos["shard"].tolist() == ["clinic-00000.tar", "clinic-00001.tar"]


def test_the_shard_is_readable_as_a_stream(photos, folder):
    """As tools of the field read it: front to back, without seeking."""
    store.write_shards("clinic", photos, folder)
    content = (folder / "clinic-00000.tar").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(content), mode="r|") as shard:
        assert len(list(shard)) == 4


def test_no_photos_make_no_shard(folder):
    places = store.write_shards("clinic", [], folder)
    assert list(folder.iterdir()) == []
    assert isinstance(places.photos, pd.DataFrame)
    assert places.photos.empty


def test_other_bytes_than_the_hash_says_are_damage(content):
    photo = content(b"photo")
    with pytest.raises(LesionflowError, match="damaged") as caught:
        photo._replace(sha256="0" * 64).read()
    assert "Remove outputs/shards" in str(caught.value)

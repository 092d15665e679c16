import io
import tarfile

import pytest

from lesionflow.images import read_span
from lesionflow.ingest import store
from lesionflow.ingest.store import Stored


@pytest.fixture
def photos(tmp_path):
    room = tmp_path / "room"
    room.mkdir()
    made = []
    for name, extension, mask in (("b" * 64, "jpg", True), ("a" * 64, "png", False)):
        (room / name).write_bytes(name.encode() * 20)
        if mask:
            (room / f"{name}.m").write_bytes(b"mask")
        made.append(Stored(name, extension, room / name, room / f"{name}.m" if mask else None))
    return made


def test_places_point_at_the_bytes(photos, tmp_path):
    places = store.write_shards("clinic", photos, tmp_path / "shards")
    for photo in photos:
        place = places[photo.sha256]
        shard = tmp_path / "shards" / place.shard
        assert read_span(shard, place.offset, place.length) == photo.photo.read_bytes()
    assert read_span(shard.parent / places["b" * 64].shard, places["b" * 64].mask_offset, 4) == b"mask"
    assert places["a" * 64].mask_offset is None


def test_a_shard_is_a_plain_tar_in_webdataset_layout_with_fixed_headers(photos, tmp_path):
    store.write_shards("clinic", photos, tmp_path)
    with tarfile.open(tmp_path / "clinic-00000.tar") as shard:
        entries = shard.getmembers()
    assert [entry.name for entry in entries] == ["a" * 64 + ".png", "b" * 64 + ".jpg", "b" * 64 + ".mask.png"]
    assert {(e.mtime, e.uid, e.gid, e.uname, e.gname, e.mode) for e in entries} == {(0, 0, 0, "", "", 0o644)}


def test_the_order_of_arrival_leaves_no_trace(photos, tmp_path):
    store.write_shards("clinic", photos, tmp_path / "one")
    store.write_shards("clinic", reversed(photos), tmp_path / "two")
    name = "clinic-00000.tar"
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_full_shard_is_closed(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "SHARD_BYTES", 1)
    places = store.write_shards("clinic", photos, tmp_path)
    assert [places["a" * 64].shard, places["b" * 64].shard] == ["clinic-00000.tar", "clinic-00001.tar"]


def test_what_a_killed_run_and_gone_manifests_left_is_removed(tmp_path):
    for name in ("clinic-00000.tar", "gone-00000.tar"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / ".clinic-00000.tar.x1").mkdir()
    (tmp_path / ".clinic-00000.tar.x1" / "clinic-00000.tar").write_bytes(b"half")
    store.remove_others(tmp_path, {"clinic-00000.tar"})
    assert [path.name for path in tmp_path.iterdir()] == ["clinic-00000.tar"]


def test_the_waiting_room_starts_empty_and_is_cleared_even_after_an_error(tmp_path):
    shards = tmp_path / "outputs" / "shards"
    left = tmp_path / "outputs" / ".shards.waiting"
    left.mkdir(parents=True)
    (left / "old").write_bytes(b"x")

    def fail():
        with store.waiting_room(shards) as room:
            assert list(room.iterdir()) == []
            (room / "new").write_bytes(b"x")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert not left.exists()


def test_the_shard_is_readable_as_a_stream(photos, tmp_path):
    """As tools of the field read it: front to back, without seeking."""
    store.write_shards("clinic", photos, tmp_path)
    content = (tmp_path / "clinic-00000.tar").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(content), mode="r|") as shard:
        assert len(list(shard)) == 3

import hashlib
import io
import tarfile

import fsspec
import pandas as pd
import pytest

from lesionflow.errors import LesionflowError
from lesionflow.images import decode, read_span, stored_photos
from lesionflow.ingest import fetch, records, summary
from lesionflow.ingest.staging import Staging
from tests.ingest.conftest import encoded, manifest_of, personal_exif, picture


@pytest.fixture
def place(tmp_path, monkeypatch):
    """data/ with photos, and a function that ingests a manifest of them."""
    monkeypatch.setenv("LESIONFLOW_WORKERS", "1")
    data = tmp_path / "data"
    (data / "manifests").mkdir(parents=True)
    photo = encoded(picture(1), "JPEG", exif=personal_exif(6))
    (data / "a.jpg").write_bytes(photo)
    (data / "copy.jpg").write_bytes(photo)
    (data / "b.png").write_bytes(encoded(picture(2), "PNG"))
    (data / "cut.jpg").write_bytes(photo[:-100])
    (data / "page.jpg").write_bytes(b"<html></html>")
    # a.jpg is turned a quarter: seen, it is 16 x 24.
    (data / "mask.png").write_bytes(encoded(picture(3, (16, 24)).convert("L"), "PNG", exif=personal_exif()))
    (data / "mask2.bmp").write_bytes(encoded(picture(4, (16, 24)).convert("L"), "BMP"))
    return data


@pytest.fixture
def ingest(place, settings, tmp_path):
    def ingest(frame, outputs="outputs", **changes):
        staging = Staging(tmp_path / outputs)
        changed = settings.model_copy(update=changes)
        table = records.ingest(frame, place / "manifests", staging, changed)
        return table.set_index("record_id", drop=False), staging.shards

    return ingest


def contents(outputs):
    """The hash of every file below a folder."""
    files = (path for path in outputs.rglob("*") if path.is_file())
    return {str(path.relative_to(outputs)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


MIXED = manifest_of(
    ("1", "../a.jpg", None, "../mask.png"),
    ("2", "../b.png", None, None),
    ("3", "../cut.jpg", None, None),
    ("4", "../page.jpg", None, None),
    ("5", "../none.jpg", None, None),
    ("6", "../../secret.jpg", None, None),
    ("7", "../b.png", "md5:" + "0" * 32, None),
)


def test_every_row_ends_as_a_photo_or_as_a_reason(ingest):
    table, _ = ingest(MIXED)
    assert table["reason"].to_dict() == {
        "clinic:1": "", "clinic:2": "", "clinic:3": "truncated", "clinic:4": "html_page",
        "clinic:5": "not_found", "clinic:6": "outside_roots", "clinic:7": "checksum_mismatch",
    }  # fmt: skip
    failed = table[table["status"] == "failed"]
    assert failed[["sha256", "shard", "offset", "length", "format", "width", "height"]].isna().all(axis=None)
    assert failed["fetched_sha256"].notna().tolist() == [True, True, False, False, True]


def test_what_is_stored_is_stripped_and_named_by_its_own_hash(ingest, place):
    table, shards = ingest(MIXED)
    row = table.loc["clinic:1"]
    fetched = (place / "a.jpg").read_bytes()
    stored = stored_photos(table.reset_index(drop=True), shards)[row["sha256"]].read()
    assert hashlib.sha256(stored).hexdigest() == row["sha256"]
    assert row["fetched_sha256"] == hashlib.sha256(fetched).hexdigest() != row["sha256"]
    assert b"Serial-4711" not in stored
    assert decode(stored).tobytes() == decode(fetched).tobytes()
    assert (row["format"], row["width"], row["height"]) == ("jpg", 16, 24)


def test_a_mask_lies_stripped_beside_its_photo(ingest, place):
    table, shards = ingest(MIXED)
    row = table.loc["clinic:1"]
    mask = read_span(shards / row["shard"], row["mask_offset"], row["mask_length"])
    assert b"SecretMaker" not in mask
    assert decode(mask).tobytes() == decode((place / "mask.png").read_bytes()).tobytes()


@pytest.mark.parametrize(
    ("mask", "detail"),
    [
        ("../none.png", "mask: not_found: no such file"),
        ("../page.jpg", "mask: html_page: starts with b'<html></html>'"),
        ("../b.png", "mask: 24x16, photo 16x24"),
    ],
)
def test_a_photo_counts_without_its_bad_mask_and_says_so(ingest, mask, detail):
    frame = manifest_of(("1", "../a.jpg", None, mask))
    table, _ = ingest(frame)
    row = table.loc["clinic:1"]
    assert (row["status"], row["detail"]) == ("stored", detail)
    assert pd.isna(row["mask_offset"])
    assert summary.summarise(table.reset_index(drop=True), frame)["masks_failed"] == 1


def test_copies_are_stored_once_and_each_row_has_its_own_mask(ingest, place):
    frame = manifest_of(
        ("1", "../copy.jpg", None, None),
        ("2", "../a.jpg", None, "../mask.png"),
        ("3", "../a.jpg", None, "../mask2.bmp"),
    )
    table, shards = ingest(frame)
    with tarfile.open(shards / "clinic-00000.tar") as shard:
        assert len(shard.getnames()) == 3
    assert set(table["offset"]) == {table["offset"].iloc[0]}
    assert table["mask_offset"].isna().tolist() == [True, False, False]
    for number, name in ((1, "mask.png"), (2, "mask2.bmp")):
        row = table.iloc[number]
        mask = read_span(shards / row["shard"], row["mask_offset"], row["mask_length"])
        assert decode(mask).tobytes() == decode((place / name).read_bytes()).tobytes()


def test_workers_leave_no_trace_in_shards_and_ledger(ingest, tmp_path, monkeypatch):
    ingest(MIXED, "one")
    monkeypatch.setenv("LESIONFLOW_WORKERS", "2")
    ingest(MIXED, "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_new_manifest_leaves_the_other_shards_alone_and_a_gone_one_takes_its_own(ingest):
    other = manifest_of(("1", "../b.png", None, None), name="web")
    _, shards = ingest(MIXED)
    before = (shards / "clinic-00000.tar").read_bytes()
    ingest(pd.concat([MIXED, other], ignore_index=True))
    assert sorted(path.name for path in shards.iterdir()) == ["clinic-00000.tar", "web-00000.tar"]
    assert (shards / "clinic-00000.tar").read_bytes() == before
    ingest(other)
    assert [path.name for path in shards.iterdir()] == ["web-00000.tar"]


def test_a_manifest_of_which_nothing_arrives_is_all_ledger(ingest):
    table, shards = ingest(manifest_of(("1", "../none.jpg", None, None)))
    assert table["status"].tolist() == ["failed"]
    assert list(shards.iterdir()) == []


def test_growing_shrinking_and_mending_end_as_a_run_from_scratch(ingest, place, tmp_path):
    ingest(MIXED.iloc[:3])
    ingest(MIXED)
    (place / "none.jpg").write_bytes(encoded(picture(5)))  # what was missing
    (place / "b.png").write_bytes(encoded(picture(6), "PNG"))  # another photo under the same name
    ingest(MIXED.iloc[1:])
    ingest(MIXED.iloc[1:], "scratch")
    assert contents(tmp_path / "outputs") == contents(tmp_path / "scratch")


def test_what_is_stored_already_is_read_but_not_verified_again(ingest, monkeypatch):
    ingest(MIXED)
    monkeypatch.setattr(records, "admit", None)  # whoever verified would fail
    stored = MIXED.iloc[:2]
    table, _ = ingest(stored)
    assert set(table["status"]) == {"stored"}


def test_tighter_limits_hold_for_what_is_stored_already(ingest, tmp_path):
    ingest(MIXED)
    table, _ = ingest(MIXED, max_pixels=10)
    assert table.loc["clinic:1", "reason"] == "too_many_pixels"
    ingest(MIXED, "scratch", max_pixels=10)
    assert contents(tmp_path / "outputs") == contents(tmp_path / "scratch")


def test_nothing_waits_after_a_run(ingest, tmp_path):
    ingest(MIXED)
    assert sorted(path.name for path in (tmp_path / "outputs").iterdir()) == [
        ".shards.lock",
        "ingested.parquet",
        "shards",
    ]


class Store(fsspec.AbstractFileSystem):
    """An object store in which each key is a photo, or trouble."""

    protocol = "s3"
    cachable = False

    def _open(self, path, mode="rb", **_):
        trouble = {"missing": FileNotFoundError, "private": PermissionError, "slow": TimeoutError, "odd": ValueError}
        name = path.rpartition("/")[2]
        if name in trouble:
            raise trouble[name](name)
        return io.BytesIO(bytes(200_000) if name == "large" else encoded(picture()))


@pytest.fixture
def bucket():
    fsspec.register_implementation("s3", Store, clobber=True)
    yield
    fsspec.register_implementation("s3", "s3fs.S3FileSystem", clobber=True)


def test_object_stores_are_read_through_fsspec(ingest, monkeypatch, bucket):
    monkeypatch.setattr(fetch, "find_spec", lambda _: "installed")
    names = {"photo": "", "missing": "not_found", "private": "forbidden", "slow": "timeout", "odd": "unreachable"}
    table, _ = ingest(manifest_of(*((name, f"s3://bucket/{name}") for name in [*names, "large"])))
    assert table["reason"].to_dict() == {f"clinic:{n}": r for n, r in {**names, "large": "too_large"}.items()}


def test_an_object_store_without_its_package_stops_before_anything_is_fetched(ingest, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "find_spec", lambda _: None)
    with pytest.raises(LesionflowError, match="pip install s3fs"):
        ingest(manifest_of(("1", "s3://bucket/a.jpg")))
    assert not (tmp_path / "outputs/shards").exists()

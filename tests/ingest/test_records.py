import hashlib
import tarfile

import pandas as pd
import pytest

from lesionflow import tables
from lesionflow.images import decode, read_span, stored_photos
from lesionflow.ingest import records, summary
from tests.ingest.conftest import encoded, personal_exif, picture


def manifest_of(*rows, name="clinic"):
    """Table manifest from (id, url, checksum, mask)."""
    empty = dict.fromkeys(tables.MANIFEST.columns, "")
    made = [
        {**empty, "record_id": f"{name}:{i}", "manifest": name, "url": url, "checksum": checksum, "mask": mask,
         "source": name, "age": None, "skin_type": None, "skin_tone": None}
        for i, url, checksum, mask in rows
    ]  # fmt: skip
    return pd.DataFrame(made)


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
    def ingest(frame, shards="shards"):
        done = records.ingest(frame, place / "manifests", tmp_path / "outputs" / shards, settings)
        path = tmp_path / "outputs" / f"{shards}.parquet"
        tables.write(done, path, tables.INGESTED)
        return tables.read(path, tables.INGESTED).set_index("record_id", drop=False), tmp_path / "outputs" / shards

    return ingest


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
        "clinic:1": "", "clinic:2": "", "clinic:3": "undecodable", "clinic:4": "not_an_image",
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
        ("../page.jpg", "mask: not_an_image: starts with b'<html></html>'"),
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


def test_copies_are_stored_once_with_the_mask_of_the_first_row_that_has_one(ingest, place):
    frame = manifest_of(
        ("1", "../copy.jpg", None, None),
        ("2", "../a.jpg", None, "../mask.png"),
        ("3", "../a.jpg", None, "../mask2.bmp"),
    )
    table, shards = ingest(frame)
    with tarfile.open(shards / "clinic-00000.tar") as shard:
        assert len(shard.getnames()) == 2
    assert table["offset"].nunique() == table["mask_offset"].nunique() == 1
    row = table.iloc[0]
    mask = read_span(shards / row["shard"], row["mask_offset"], row["mask_length"])
    assert decode(mask).tobytes() == decode((place / "mask.png").read_bytes()).tobytes()


def test_workers_leave_no_trace_in_shards_and_ledger(ingest, tmp_path, monkeypatch):
    monkeypatch.setattr(records, "CHUNK", 2)
    ingest(MIXED, "one")
    monkeypatch.setenv("LESIONFLOW_WORKERS", "2")
    ingest(MIXED, "two")
    outputs = tmp_path / "outputs"
    assert (outputs / "one.parquet").read_bytes() == (outputs / "two.parquet").read_bytes()
    assert (outputs / "one/clinic-00000.tar").read_bytes() == (outputs / "two/clinic-00000.tar").read_bytes()


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

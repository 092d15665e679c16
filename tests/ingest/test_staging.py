import pytest

from lesionflow import tables
from lesionflow.errors import LesionflowError
from lesionflow.ingest import waiting
from lesionflow.ingest.staging import Staging


@pytest.fixture
def staging(tmp_path):
    return Staging(tmp_path / "outputs")


def test_an_empty_place_opens_with_an_empty_ledger(staging):
    assert staging.open().empty
    assert list(staging.shards.iterdir()) == []


def test_what_counts_replaces_what_was(staging):
    staging.open()
    for name in ("kept-00000.tar", "changed-00000.tar", "gone-00000.tar"):
        (staging.shards / name).write_bytes(b"old")
    for name in ("changed-00000.tar", "added-00000.tar"):
        (staging.new / name).write_bytes(b"new")
    staging.commit(tables.INGESTED.empty(), kept={"kept-00000.tar"})
    assert {path.name: path.read_bytes() for path in staging.shards.iterdir()} == {
        "kept-00000.tar": b"old", "changed-00000.tar": b"new", "added-00000.tar": b"new",
    }  # fmt: skip
    assert tables.read(staging.ledger, tables.INGESTED).empty


def test_what_was_not_ready_is_thrown_away(staging):
    staging.open()
    (staging.new / "half-00000.tar").write_bytes(b"half")
    staging.open()
    assert list(staging.new.iterdir()) == list(staging.shards.iterdir()) == []


def test_a_ledger_without_its_shards_counts_for_nothing(staging):
    """As when somebody removed outputs/shards."""
    staging.open()
    row = dict.fromkeys(tables.INGESTED.columns, "x") | {"record_id": "m:1", "shard": "m-00000.tar"}
    whole = [name for name, column in tables.INGESTED.columns.items() if column == tables.MAYBE_WHOLE]
    frame = tables.INGESTED.empty().reindex(range(1)).assign(**row | dict.fromkeys(whole, 1))
    (staging.new / "m-00000.tar").write_bytes(b"x")
    staging.commit(frame.astype(dict.fromkeys(whole, "Int64")), kept=())
    assert len(staging.open()) == 1
    (staging.shards / "m-00000.tar").unlink()
    assert staging.open().empty


def test_two_ingestions_do_not_mix(staging, monkeypatch):
    monkeypatch.setattr(waiting, "ORPHANS_TIMEOUT", 0.1)
    with staging.alone(), pytest.raises(LesionflowError, match="another ingestion at work"), staging.alone():
        pass
    with staging.alone():
        pass

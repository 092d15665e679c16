import hashlib
import json
from pathlib import Path

import pytest
from filelock import FileLock

from lesionflow.errors import LesionflowError
from lesionflow.ingest import waiting
from lesionflow.ingest.waiting import FILE, WRITTEN, WaitingRoom


@pytest.fixture
def room(tmp_path):
    room = WaitingRoom(tmp_path / "room")
    room.open()
    return room


def finding(number, **more):
    return {
        "record_id": f"clinic:{number}",
        "key": "k",
        "status": "failed",
        "reason": "timeout",
        "detail": "ü\n",
        **more,
    }


def test_what_was_written_is_read_and_lies_where_it_is_said_to(room):
    with room.journal() as journal:
        for number, photo in enumerate((b"first", b"second")):
            journal.append(finding(number, **journal.put(photo)))
    table = room.findings()
    assert list(table) == [*WRITTEN.names, FILE]
    assert table["detail"].tolist() == ["ü\n", "ü\n"]
    for row, photo in zip(table.itertuples(), (b"first", b"second"), strict=True):
        assert Path(row.file).read_bytes()[row.offset : row.offset + row.length] == photo
        assert row.sha256 == hashlib.sha256(photo).hexdigest()


def test_an_empty_room_has_findings_of_the_same_types(room):
    empty = room.findings()
    with room.journal() as journal:
        journal.append(finding(1, fetched_length=3))
    assert empty.dtypes.astype(str).tolist() == room.findings().dtypes.astype(str).tolist()
    assert empty.empty


def test_later_journals_come_last(room):
    for number in range(3):
        with room.journal() as journal:
            journal.append(finding(number))
    assert room.findings()["record_id"].tolist() == ["clinic:0", "clinic:1", "clinic:2"]
    assert room.count() == 3


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_the_half_line_of_a_killed_run_is_cut_off(room, kept):
    with room.journal() as journal:
        for number in range(kept):
            journal.append(finding(number))
    (path,) = (room.folder / "journals").glob("*.jsonl")
    with path.open("ab") as file:
        file.write(json.dumps(finding(9)).encode()[:-5])
    assert room.findings()["record_id"].tolist() == [f"clinic:{number}" for number in range(kept)]
    # Once cut, the journal stays sound.
    assert len(room.findings()) == kept


def test_a_long_half_line_is_cut_off_whole(room):
    with room.journal() as journal:
        journal.append(finding(0))
    (path,) = (room.folder / "journals").glob("*.jsonl")
    with path.open("ab") as file:
        file.write(b"x" * 300_000)
    assert len(room.findings()) == 1


def test_a_run_waits_for_those_that_still_write(room, monkeypatch):
    monkeypatch.setattr(waiting, "ORPHANS_TIMEOUT", 0.1)
    with room.journal(), pytest.raises(LesionflowError, match="another ingestion at work"):
        WaitingRoom(room.folder).open()
    room.open()
    assert list((room.folder / "locks").iterdir()) == []


def test_a_lock_that_nobody_holds_is_no_hindrance(room):
    with FileLock(room.folder / "locks" / "left.lock"):
        pass
    (room.folder / "locks" / "left.lock").touch()
    room.open()

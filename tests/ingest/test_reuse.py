import pandas as pd
import pytest

from lesionflow import tables
from lesionflow.ingest import reuse
from lesionflow.ingest.admission import Row, remote_key
from lesionflow.ingest.waiting import FILE, WRITTEN
from tests.ingest.conftest import limits

REMOTE, LOCAL = Row("m:web", "http://x/a.jpg", None, None), Row("m:file", "a.jpg", None, None)
KEYS = reuse.keys([REMOTE])
IDS = pd.Series(["m:web", "m:file"])


def findings(*rows):
    empty = dict.fromkeys(["record_id", "key", "status", "reason", "width", "height", "fetched_length", FILE])
    made = [
        {**empty, "record_id": i, "key": key, "status": status, "reason": reason} for i, key, status, reason in rows
    ]
    return pd.DataFrame(made).astype(dict.fromkeys(["width", "height", "fetched_length"], "Int64"))


def kept(table):
    return dict(zip(table["record_id"], table["reason"], strict=True))


def test_of_a_remote_row_the_stored_finding_of_its_key_holds():
    key = remote_key(REMOTE)
    table = findings(
        ("m:web", key, "stored", "first"), ("m:web", key, "failed", "timeout"), ("m:web", "old", "stored", "other url")
    )
    assert kept(reuse.current(table, KEYS, IDS)) == {"m:web": "first"}


def test_of_a_local_row_the_latest_finding_holds():
    table = findings(("m:file", "1", "stored", "first"), ("m:file", "2", "failed", "second"))
    assert kept(reuse.current(table, KEYS, IDS)) == {"m:file": "second"}


def test_rows_that_left_the_manifest_are_forgotten():
    assert reuse.current(findings(("m:gone", "1", "stored", "")), KEYS, IDS).empty


def test_an_empty_past_gives_nothing():
    ledger = tables.INGESTED.empty()
    old = reuse.as_findings(ledger, "outputs/shards")
    assert list(old) == [*WRITTEN.names, FILE]
    assert reuse.current(old, KEYS, IDS).empty
    assert reuse.lasting(old, KEYS, limits("data")).empty


@pytest.mark.parametrize(
    ("retry", "lasts"),
    [("healable", {"not_found"}), ("all", set()), ("none", {"not_found", "timeout", "too_large"})],
)
def test_failures_last_as_the_settings_say(retry, lasts):
    for reason in ("not_found", "timeout", "too_large"):
        table = findings(("m:web", remote_key(REMOTE), "failed", reason), ("m:file", "1", "failed", reason))
        lasting = reuse.lasting(table, KEYS, limits("data").model_copy(update={"retry_failed": retry}))
        assert kept(lasting) == ({"m:web": reason} if reason in lasts else {})


@pytest.mark.parametrize(("width", "length", "lasts"), [(100, 10, True), (101, 10, False), (100, 100_001, False)])
def test_what_is_stored_lasts_within_the_limits(width, length, lasts):
    table = findings(("m:web", "k", "stored", "")).assign(width=width, height=100, fetched_length=length)
    assert len(reuse.lasting(table, KEYS, limits("data"))) == lasts

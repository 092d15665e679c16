from dataclasses import dataclass

import pandas as pd
import pytest

from lesionflow.curate import incremental


@dataclass(frozen=True)
class Photo:
    sha256: str


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    monkeypatch.setenv("LESIONFLOW_WORKERS", "1")


def rows(names, cached, version=2):
    asked = []

    def work(photos):
        asked.append([photo.sha256 for photo in photos])
        return [{"sha256": photo.sha256, "version": version, "said": "new"} for photo in photos]

    photos = [Photo(name) for name in names]
    table = incremental.rows(photos, cached, work, version=version, chunk=2, desc="photos")
    return dict(zip(table["sha256"], table["said"], strict=True)), asked


def cache(**versions):
    rows = [{"sha256": name, "version": version, "said": "old"} for name, version in versions.items()]
    return pd.DataFrame(rows, columns=["sha256", "version", "said"])


def test_only_missing_photos_are_computed_a_chunk_at_a_time():
    found, asked = rows("abcd", cache(b=2))
    assert found == {"a": "new", "b": "old", "c": "new", "d": "new"}
    assert asked == [["a", "c"], ["d"]]


def test_rows_of_another_version_are_computed_anew():
    found, asked = rows("ab", cache(a=1, b=3))
    assert found == {"a": "new", "b": "new"}
    assert asked == [["a", "b"]]


def test_rows_of_photos_that_are_gone_go():
    assert rows("a", cache(a=2, z=2)) == ({"a": "old"}, [])
    assert rows("", cache(z=2)) == ({}, [])

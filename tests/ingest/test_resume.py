"""Killed anywhere, added to, taken from: the next run fetches what is missing and nothing else."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from lesionflow.ingest import records, staging
from lesionflow.ingest.staging import Staging
from tests.ingest.conftest import encoded, limits, manifest_of, picture
from tests.ingest.faults import Handler, serving
from tests.ingest.test_records import contents

PROJECT = Path(__file__).parents[2]
PER_HOST = 2
RUN = """
import sys, pandas as pd
from pathlib import Path
from lesionflow.ingest import records
from lesionflow.ingest.settings import IngestParams
from lesionflow.ingest.staging import Staging
manifest, settings, outputs = sys.argv[1:]
settings = IngestParams.model_validate_json(Path(settings).read_text())
records.ingest(pd.read_pickle(manifest), Path(outputs), Staging(Path(outputs)), settings)
"""


class Slow(Handler):
    """Each address is another photo, and takes a while."""

    def do_GET(self):  # noqa: N802
        time.sleep(0.02)
        super().do_GET()

    def at_photo(self):
        self.answer(200, encoded(picture(hash(self.path) % 2**31)))


@pytest.fixture
def server():
    with serving(handler=Slow) as running:
        yield running


def rows_of(server, numbers):
    return manifest_of(*((number, server.url(f"photo-{number}.jpg")) for number in numbers))


def ingest(manifest, outputs, **changes):
    outputs.mkdir(exist_ok=True)
    settings = limits(outputs, per_host=PER_HOST).model_copy(update=changes)
    return records.ingest(manifest, outputs, Staging(outputs), settings)


def start(manifest, outputs, folder):
    """The same in a process of its own, to be killed."""
    outputs.mkdir(exist_ok=True)
    manifest.to_pickle(folder / "manifest.pkl")
    (folder / "settings.json").write_text(limits(outputs, per_host=PER_HOST).model_dump_json())
    environment = os.environ | {"PYTHONPATH": str(PROJECT / "src"), "LESIONFLOW_WORKERS": "2"}
    arguments = [folder / "manifest.pkl", folder / "settings.json", outputs]
    return subprocess.Popen([sys.executable, "-c", RUN, *map(str, arguments)], env=environment)


def found(outputs):
    """The addresses of which a journal tells."""
    journals = (outputs / ".shards.waiting/journals").glob("*.jsonl")
    lines = [line for path in journals for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return {json.loads(line)["final_url"] for line in lines}


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("enough", [1, 40, 90])
def test_after_a_kill_nothing_that_was_stored_is_fetched_again(server, tmp_path, enough):
    manifest = rows_of(server, range(100))
    process = start(manifest, tmp_path / "outputs", tmp_path)
    wait_for(lambda: len(found(tmp_path / "outputs")) >= enough)
    process.send_signal(signal.SIGKILL)
    process.wait()
    stored = found(tmp_path / "outputs")
    table = ingest(manifest, tmp_path / "outputs")
    assert set(table["status"]) == {"stored"}
    asked = {server.url(path.strip("/")): hits for path, hits in server.hits.items()}
    assert {asked[url] for url in stored} == {1}
    # Of the others only those that were under way are asked for twice.
    assert sum(hits > 1 for url, hits in asked.items() if "photo" in url) <= 2 * PER_HOST
    ingest(manifest, tmp_path / "scratch")
    assert contents(tmp_path / "outputs") == contents(tmp_path / "scratch")


def test_crawlers_of_a_killed_run_end_at_once(server, tmp_path):
    process = start(rows_of(server, range(2000)), tmp_path / "outputs", tmp_path)
    wait_for(lambda: len(found(tmp_path / "outputs")) > 5)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(2)
    before = server.hits.total()
    time.sleep(1)
    assert server.hits.total() == before


def test_new_rows_fetch_themselves_alone_and_gone_rows_leave(server, tmp_path):
    ingest(rows_of(server, range(10)), tmp_path / "outputs")
    server.hits.clear()
    changed = rows_of(server, range(5, 12))
    ingest(changed, tmp_path / "outputs")
    assert set(server.hits) == {"/robots.txt", "/photo-10.jpg", "/photo-11.jpg"}
    ingest(changed, tmp_path / "scratch")
    assert contents(tmp_path / "outputs") == contents(tmp_path / "scratch")


def test_another_address_or_checksum_makes_a_row_new(server, tmp_path):
    ingest(rows_of(server, range(3)), tmp_path / "outputs")
    server.hits.clear()
    changed = rows_of(server, range(3))
    changed.loc[0, "url"] = server.url("photo-9.jpg")
    changed.loc[1, "checksum"] = "md5:" + "0" * 32
    table = ingest(changed, tmp_path / "outputs")
    assert set(server.hits) == {"/robots.txt", "/photo-9.jpg", "/photo-1.jpg"}
    assert table["reason"].tolist() == ["", "checksum_mismatch", ""]


@pytest.mark.parametrize(
    ("retry", "asked"), [("healable", {"/broken.jpg"}), ("all", {"/broken.jpg", "/missing.jpg"}), ("none", set())]
)
def test_a_later_run_asks_again_for_what_the_settings_say(server, tmp_path, retry, asked):
    names = ("photo-1.jpg", "missing.jpg", "broken.jpg")
    manifest = manifest_of(*((name, server.url(name)) for name in names))
    web = limits(tmp_path, per_host=PER_HOST, retries=0).web
    ingest(manifest, tmp_path / "outputs", web=web)
    server.hits.clear()
    ingest(manifest, tmp_path / "outputs", web=web, retry_failed=retry)
    assert set(server.hits) - {"/robots.txt"} == asked


class KilledError(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("moves", range(6))
def test_a_kill_while_new_shards_take_their_place_loses_nothing(tmp_path, monkeypatch, moves):
    """Three manifests, so that several files move; the kill comes after 0 to 5 of them."""
    data = tmp_path / "data"
    data.mkdir()
    for number in range(9):
        (data / f"{number}.jpg").write_bytes(encoded(picture(number)))

    def rows(numbers):
        return pd.concat([manifest_of((n, f"{n}.jpg"), name=f"m{n % 3}") for n in numbers], ignore_index=True)

    def run(numbers, outputs):
        return records.ingest(rows(numbers), data, Staging(tmp_path / outputs), limits(data))

    run(range(6), "outputs")
    replace, left = Path.replace, iter(range(moves))

    def killing(path, target):
        if next(left, None) is None:
            raise KilledError
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(staging.Path, "replace", killing)
        if moves < 6:
            with pytest.raises(KilledError):
                run(range(9), "outputs")
    for number in range(9):  # what was read is not needed again
        (data / f"{number}.jpg").touch()
    run(range(9), "outputs")
    run(range(9), "scratch")
    assert contents(tmp_path / "outputs") == contents(tmp_path / "scratch")

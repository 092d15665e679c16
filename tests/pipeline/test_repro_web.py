"""The real `dvc repro` on photos from the web: killed, failed and grown, it asks for nothing twice."""

import csv
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from lesionflow import tables
from tests.ingest.conftest import NETWORK
from tests.ingest.faults import serving
from tests.ingest.test_resume import Slow

ROWS = 60


@pytest.fixture
def server():
    with serving(handler=Slow) as running:
        yield running


@pytest.fixture
def project(fresh, tmp_path, server):
    """The small project with one manifest, of photos that the server has."""
    project = fresh.copy(tmp_path / "project")
    for path in (project.folder / "data/manifests").glob("*.csv"):
        path.unlink()
    write(project, server, [f"photo-{number}.jpg" for number in range(ROWS)])
    project.set_params(
        ingest__web__allowed_networks=[NETWORK], ingest__web__delay=0, ingest__web__retries=0, ingest__web__per_host=2
    )
    return project


def write(project, server, names, manifest="web"):
    path = project.folder / f"data/manifests/{manifest}.csv"
    labels = itertools.cycle(yaml.safe_load((project.folder / "data/taxonomy.yaml").read_text())["classes"])
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["url", "label", "source", "licence"])
        writer.writerows((server.url(name), next(labels), "web", "CC0-1.0") for name in names)


def ledger(project):
    return tables.read(project.folder / "outputs/ingested.parquet", tables.INGESTED)


def photos(server):
    return {path: hits for path, hits in server.hits.items() if "robots" not in path}


def test_a_killed_crawl_goes_on_where_it_was(project, server, tmp_path):
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(project.folder / "src"),
    }
    with (tmp_path / "log").open("w") as log:
        command = ["dvc", "repro", "ingest"]
        run = subprocess.Popen(
            command, cwd=project.folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        end = time.monotonic() + 120
        while len(photos(server)) < ROWS / 2 and time.monotonic() < end:
            time.sleep(0.02)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    assert ROWS / 2 <= len(photos(server)) < ROWS
    project.run("dvc", "repro", "ingest")
    assert set(ledger(project)["status"]) == {"stored"}
    # Two requests at once: those under way at the kill may be asked for again, and no others.
    assert photos(server).keys() == {f"/photo-{number}.jpg" for number in range(ROWS)}
    assert sum(hits - 1 for hits in photos(server).values()) <= 2


def test_too_many_failures_stop_the_stage_and_keep_what_arrived(project, server):
    write(project, server, [f"photo-{n}.jpg" for n in range(8)] + [f"missing-{n}.jpg" for n in range(4)])
    failed = project.run("dvc", "repro", "ingest", check=False)
    assert failed.returncode != 0
    assert "ingest: 4 of 12 rows failed" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert "not_found" in (project.folder / "reports/ingestion.md").read_text()
    project.set_params(ingest__max_failed_share=0.5)
    project.run("dvc", "repro", "ingest")
    assert set(photos(server).values()) == {1}
    assert json.loads((project.folder / "reports/ingestion.json").read_text())["stored"] == 8


def test_a_new_manifest_fetches_its_own_rows_alone(project, server):
    write(project, server, [f"photo-{n}.jpg" for n in range(5)])
    project.run("dvc", "repro", "ingest")
    shard = (project.folder / "outputs/shards/web-00000.tar").read_bytes()
    server.hits.clear()
    write(project, server, ["photo-6.jpg"], manifest="more")
    project.run("dvc", "repro", "ingest")
    assert photos(server) == {"/photo-6.jpg": 1}
    assert (project.folder / "outputs/shards/web-00000.tar").read_bytes() == shard
    assert len(ledger(project)) == 6

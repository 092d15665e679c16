"""Ingestion over loopback: images a second against img2dataset with the checks that both offer, and a second run.

`python benchmarks/ingest.py [--photos N] [--pairs N]` writes benchmarks/results/ingest.json. It needs nginx (Debian:
nginx-light), which serves both alike, and installs img2dataset into an environment of its own, since it asks for an
older pandas. Both fetch the same photos with two processes, hold them against their md5, decode them, and write tar
shards; whole processes are timed, in turn.
"""

import csv
import hashlib
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from environment import versions
from PIL import Image

from lesionflow import parallel, params, tables
from lesionflow.errors import LesionflowError, command
from lesionflow.files import read_json, write_json
from lesionflow.ingest import records
from lesionflow.ingest.settings import IngestParams
from lesionflow.ingest.staging import Staging

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/ingest.json"
PEER = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "lesionflow/img2dataset"
WORKERS = 2
PORT = 8787
NGINX = """worker_processes 1; pid {room}/nginx.pid; error_log {room}/nginx.log; daemon off;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 1000000; server {{ listen 127.0.0.1:{port}; root {room}/photos; }} }}
"""
IMG2DATASET = """
import sys
from img2dataset import download
if __name__ == "__main__":
    download(url_list=sys.argv[1], input_format="csv", url_col="url", output_folder=sys.argv[2],
             output_format="webdataset", resize_mode="no", skip_reencode=True, encode_format="jpg",
             compute_hash="md5", verify_hash=["md5", "md5"], processes_count=2, thread_count=int(sys.argv[3]),
             number_sample_per_shard=int(sys.argv[4]), enable_wandb=False)
"""


@click.command()
@click.option("--photos", default=5000, help="Photos to fetch.")
@click.option("--pairs", default=3, help="Runs of each, in turn; the medians count.")
@click.option("--only-ours", type=click.Path(path_type=Path), hidden=True, help="One run of ours, in this folder.")
def main(photos: int, pairs: int, only_ours: Path | None) -> None:
    """Measure, and write the results."""
    if only_ours is not None:
        _ours(only_ours)
        return
    _install_peer()
    with tempfile.TemporaryDirectory() as room, _serving(Path(room)):
        _make_photos(Path(room), photos)
        write_json(_measure(Path(room), photos, pairs), RESULTS)


def _measure(room: Path, photos: int, pairs: int) -> dict[str, Any]:
    threads = min((16, 32, 64), key=lambda count: _peer(room, photos, count))  # its best setting, tried once each
    ours, peer, shares = [], [], []
    for _ in range(pairs):
        shutil.rmtree(room / "ours", ignore_errors=True)
        first, seconds = _run_ours(room)
        ours.append(seconds)
        shares.append(_run_ours(room)[0] / first)
        peer.append(_peer(room, photos, threads))
    return {
        "images_per_second": round(photos / statistics.median(ours), 1),
        "img2dataset_images_per_second": round(photos / statistics.median(peer), 1),
        "ratio": round(statistics.median(peer) / statistics.median(ours), 3),
        "resume_share": round(statistics.median(shares), 4),
        "photos": photos,
        "mean_bytes": round(statistics.mean(path.stat().st_size for path in (room / "photos").iterdir())),
        "workers": WORKERS,
        "img2dataset_threads": threads,
        "pairs": [{"ours": round(a, 2), "img2dataset": round(b, 2)} for a, b in zip(ours, peer, strict=True)],
        "command": "make benchmark-ingest",
        "versions": versions() | {"scrapy": _version("scrapy"), "img2dataset": _version("img2dataset", PEER)},
    }


def _make_photos(room: Path, count: int) -> None:
    """Skin-coloured noise, 600 x 450, of about 40 kB; their addresses with md5 for both."""
    (room / "photos").mkdir(exist_ok=True)
    jobs = [(room / "photos" / f"{number:06d}.jpg", number) for number in range(count)]
    sums = list(parallel.map_ordered(_draw, jobs, desc="drawing"))
    with (room / "urls.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["url", "md5"])
        writer.writerows(
            (f"http://127.0.0.1:{PORT}/{path.name}", md5) for (path, _), md5 in zip(jobs, sums, strict=True)
        )


def _draw(job: tuple[Path, int]) -> str:
    path, seed = job
    random = np.random.default_rng(seed)
    rough = Image.fromarray(random.integers(90, 200, (12, 16, 3), dtype=np.uint8))
    smooth = np.asarray(rough.resize((600, 450), Image.Resampling.BICUBIC), dtype=float)
    noisy = np.clip(smooth + random.normal(0, 6, smooth.shape), 0, 255).astype(np.uint8)
    written = io.BytesIO()
    Image.fromarray(noisy).save(written, "JPEG", quality=82)
    path.write_bytes(written.getvalue())
    return hashlib.md5(written.getvalue(), usedforsecurity=False).hexdigest()


@contextmanager
def _serving(room: Path) -> Iterator[None]:
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        raise LesionflowError("benchmark: no nginx", remedy="Install it (Debian: apt-get install nginx-light).")
    room.chmod(0o755)  # its workers are other users
    (room / "nginx.conf").write_text(NGINX.format(room=room, port=PORT))
    with subprocess.Popen([nginx, "-c", room / "nginx.conf"]) as server:
        try:
            yield
        finally:
            server.terminate()


def _run_ours(room: Path) -> tuple[float, float]:
    """Seconds of the ingestion itself and of the whole process."""
    environment = os.environ | {"LESIONFLOW_WORKERS": str(WORKERS), "PYTHONPATH": str(ROOT / "src"), "CI": "true"}
    program = [sys.executable, __file__, "--only-ours", str(room)]
    started = time.monotonic()
    subprocess.run(program, env=environment, check=True, cwd=ROOT)
    return float(read_json(room / "seconds.json")), time.monotonic() - started


def _ours(room: Path) -> None:
    """One ingestion with the project's settings, politeness off and loopback allowed."""
    settings = params.load("ingest", IngestParams)
    web = settings.web.model_copy(update={"polite": False})
    web = web.model_validate(web.model_dump() | {"allowed_networks": ["127.0.0.1/32"]})
    urls = pd.read_csv(room / "urls.csv")
    manifest = tables.MANIFEST.empty().reindex(range(len(urls))).assign(
        record_id=[f"bench:{number}" for number in range(len(urls))], manifest="bench", url=urls["url"],
        checksum="md5:" + urls["md5"], source="bench", licence="CC0-1.0", attribution="",
    )  # fmt: skip
    started = time.monotonic()
    table = records.ingest(manifest, room, Staging(room / "ours"), settings.model_copy(update={"web": web}))
    write_json(time.monotonic() - started, room / "seconds.json")
    if not (table["status"] == "stored").all():
        raise LesionflowError(
            "benchmark: ours", got=str(table["reason"].value_counts().to_dict()), expected="all stored"
        )


def _install_peer() -> None:
    if not (PEER / "bin/img2dataset").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", PEER], check=True)
        subprocess.run([PEER / "bin/python", "-m", "pip", "install", "--quiet", "img2dataset"], check=True)


def _peer(room: Path, photos: int, threads: int) -> float:
    """Seconds of one img2dataset process; each of its two workers gets two shards of equal size."""
    shutil.rmtree(room / "peer", ignore_errors=True)
    (room / "peer.py").write_text(IMG2DATASET)
    arguments = [str(room / "urls.csv"), str(room / "peer"), str(threads), str(-(-photos // 4))]
    started = time.monotonic()
    subprocess.run(
        [str(PEER / "bin/python"), str(room / "peer.py"), *arguments], check=True, capture_output=True, cwd=room
    )
    seconds = time.monotonic() - started
    counts = [json.loads(path.read_text())["successes"] for path in (room / "peer").glob("*_stats.json")]
    if sum(counts) != photos:
        raise LesionflowError("benchmark: img2dataset", got=f"{sum(counts)} photos", expected=str(photos))
    return seconds


def _version(package: str, environment: Path | None = None) -> str:
    python = sys.executable if environment is None else environment / "bin/python"
    program = f"import importlib.metadata as m; print(m.version({package!r}))"
    return subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    command(lambda: main(standalone_mode=False))()

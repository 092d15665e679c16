"""What a data update costs: 1 % of the sample's photos as a new manifest, against a full run from scratch.

`python benchmarks/update.py [--share 0.01] [--workdir FOLDER]` writes benchmarks/results/update.json. Two clones of
this repository at HEAD: one runs without those photos and then again with them, the other with them from the start.
Photos are counted where they are decoded, in every process of every stage. Time is of nothing but `dvc repro`; of it,
the seconds of each stage's own processes are told, so that the rest is DVC's bookkeeping.
"""

import csv
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import yaml
from environment import versions

from lesionflow.files import write_json

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/update.json"
# Python imports a module of this name, wherever it lies on the path, before anything else. A stage's script writes the
# seconds that it took; it and the processes that it starts write a byte for each decoding.
COUNTER = """
import atexit, os, sys, time
started = time.monotonic()
folder, script = os.path.split(sys.argv[0])
def tell():
    with open(os.environ["DECODED"] + ".seconds", "a") as file:
        file.write(f"{script} {time.monotonic() - started:.2f}\\n")
if folder == "stages":
    os.environ["STAGE"] = script
    atexit.register(tell)
try:
    from PIL import ImageFile
except ImportError:
    pass
else:
    plain = ImageFile.ImageFile.load
    def load(self):
        if self.tile:
            name = f"{os.environ.get('STAGE', 'other')}-{os.getpid()}"
            with open(os.path.join(os.environ["DECODED"], name), "ab") as file:
                file.write(b".")
        return plain(self)
    ImageFile.ImageFile.load = load
"""


class Clone:
    """A clone of this repository with the sample's data, in which decoded photos are counted."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.counts, self.site = folder / "clone", folder / "counts", folder / "site"
        for made in (self.counts, self.site):
            made.mkdir(parents=True)
        (self.site / "sitecustomize.py").write_text(COUNTER)
        subprocess.run(["git", "clone", "--quiet", ROOT, self.folder], check=True)
        self.run("dvc", "pull", "--quiet", "data.dvc")
        # Lock and reports of the repository's own run would spare stages that are to be measured.
        (self.folder / "dvc.lock").unlink(missing_ok=True)

    def run(self, *command: str) -> None:
        """Run a command of this environment in the clone."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        packages = f"{self.site}{os.pathsep}{self.folder / 'src'}"
        environment = os.environ | {"PATH": path, "PYTHONPATH": packages, "DECODED": str(self.counts)}
        environment |= {"MLFLOW_TRACKING_URI": f"sqlite:///{self.folder}/mlflow.db"}
        subprocess.run(command, cwd=self.folder, env=environment, check=True)

    def repro(self) -> dict[str, Any]:
        """Seconds of `dvc repro` on the data as it lies there, those of the stages, and photos decoded in it."""
        self.run("dvc", "add", "--quiet", "data")
        told = self.counts.with_suffix(".seconds")
        for file in (*self.counts.iterdir(), told):
            file.unlink(missing_ok=True)
        started = time.monotonic()
        self.run("dvc", "repro", "--quiet")
        seconds = time.monotonic() - started
        decoded = decoded_by(self.counts)
        return {
            "seconds": round(seconds, 1),
            "decoded": sum(decoded.values()),
            "stages": seconds_by(told),
            "decoded_by": decoded,
        }

    def outs(self) -> dict[str, str]:
        """Hash of each output, by path."""
        lock = yaml.safe_load((self.folder / "dvc.lock").read_text())
        return {out["path"]: out["md5"] for stage in lock["stages"].values() for out in stage.get("outs", [])}


def decoded_by(counts: Path) -> dict[str, int]:
    """Decoded photos by the script that decoded them, or whose processes did."""
    found = _sums((file.name.partition("-")[0], file.stat().st_size) for file in counts.iterdir())
    return {script: round(count) for script, count in found.items()}


def seconds_by(told: Path) -> dict[str, float]:
    """Seconds by script, of a file with a line `<script> <seconds>` a process."""
    lines = map(str.split, told.read_text("utf-8").splitlines())
    return {script: round(total, 1) for script, total in _sums((one, float(took)) for one, took in lines).items()}


def _sums(each: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Sums by script, the largest first."""
    found: defaultdict[str, float] = defaultdict(float)
    for script, value in each:
        found[script.removesuffix(".py")] += value
    return dict(sorted(found.items(), key=lambda one: -one[1]))


@click.command()
@click.option("--share", default=0.01, show_default=True, help="Of the manifests' rows that come later.")
@click.option("--workdir", type=click.Path(path_type=Path), help="Where the clones go  [default: a temporary folder]")
def main(share: float, workdir: Path | None) -> None:
    """Run both, compare, write."""
    with tempfile.TemporaryDirectory() as room:
        grown, scratch = (Clone((workdir or Path(room)) / name) for name in ("grown", "scratch"))
        rows = hold_back(grown.folder / "data/manifests", share)
        grown.repro()
        give_back(grown.folder / "data/manifests", rows)
        update = grown.repro()
        give_back(scratch.folder / "data/manifests", hold_back(scratch.folder / "data/manifests", share))
        full = scratch.repro()
        write_json(told(update, full, grown.outs(), scratch.outs(), added=len(rows) - 1), RESULTS)


def hold_back(manifests: Path, share: float) -> list[list[str]]:
    """Take so large a share of all rows from the largest manifest; its header and these rows.

    They are spread over it: classes stand in runs, and photos of a class that is too small to be learned change little.
    """
    paths = sorted(manifests.glob("*.csv"), key=lambda path: path.stat().st_size)
    tables = {path: list(csv.reader(path.read_text(encoding="utf-8").splitlines())) for path in paths}
    count = max(1, round(share * sum(len(table) - 1 for table in tables.values())))
    header, *rows = tables[paths[-1]]
    places = {(k + 1) * len(rows) // count - 1 for k in range(count)}
    _write(paths[-1], [header, *(row for place, row in enumerate(rows) if place not in places)])
    return [header, *(rows[place] for place in sorted(places))]


def give_back(manifests: Path, rows: list[list[str]]) -> None:
    """The rows as a manifest of their own, as an update comes."""
    _write(manifests / "update.csv", rows)


def told(
    update: dict[str, Any], full: dict[str, Any], grown: dict[str, str], scratch: dict[str, str], *, added: int
) -> dict[str, Any]:
    """The figures: shares of the full run's time and decoded photos, and whether every output is the same."""
    differing = sorted(path for path in {*grown, *scratch} if grown.get(path) != scratch.get(path))
    return {
        "update_share_of_full": round(update["seconds"] / full["seconds"], 4),
        "image_work_share": round(update["decoded"] / full["decoded"], 4),
        "same_as_scratch": not differing,
        "differing": differing,
        "added_rows": added,
        "update": update,
        "full": full,
        "outputs": len(scratch),
        "processors": os.cpu_count(),
        "command": "make benchmark-update",
        "versions": versions(),
    }


def _write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


if __name__ == "__main__":
    main()

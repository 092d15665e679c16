"""The pipeline on real photos: the default models on milk10k's clinical close-ups, in a clone of its own.

`python benchmarks/milk10k.py [--data FOLDER] [--workdir FOLDER]` writes benchmarks/results/milk10k.json.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import pandas as pd
import yaml
from environment import versions

from lesionflow.files import read_json, write_json
from lesionflow.params import Joined, classifiers

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/milk10k.json"
FIGURES = ("accuracy", "balanced_accuracy", "macro_f1", "mcc")


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=ROOT.parent / "shared/data/milk10k")
@click.option("--workdir", type=click.Path(path_type=Path), help="Where the clone goes  [default: a temporary folder]")
def main(data: Path, workdir: Path | None) -> None:
    """Clone, import, run, collect."""
    with tempfile.TemporaryDirectory() as room:
        clone = (workdir or Path(room)) / "milk10k-clone"
        started = time.monotonic()
        run_pipeline(clone, data.resolve())
        write_json(collect(clone, round(time.monotonic() - started)), RESULTS)


def run_pipeline(clone: Path, data: Path) -> None:
    """The whole pipeline on these photos, in a clone."""
    subprocess.run(["dvc", "repro"], cwd=clone, env=imported(clone, data), check=True)


def imported(clone: Path, data: Path) -> dict[str, str]:
    """What README says under "Your data", in a clone of this repository at HEAD; the environment to run it in."""
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PYTHONPATH": str(clone / "src"), "PATH": path}
    (clone / "data.dvc").unlink()
    shutil.rmtree(clone / "reports")
    settings = yaml.safe_load((clone / "params.yaml").read_text())
    settings["ingest"]["file_roots"] += [str(data)]
    (clone / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    for command in (
        [sys.executable, "-m", "lesionflow", "import", "milk10k", str(data / "metadata.csv")],
        ["dvc", "add", "--quiet", "data"],
    ):
        subprocess.run(command, cwd=clone, env=environment, check=True)
    return environment


def collect(clone: Path, seconds: int) -> dict[str, Any]:
    """The figures of each classifier, and what they were measured on."""
    settings = yaml.safe_load((clone / "params.yaml").read_text())
    reports = clone / "reports"
    joined = [Joined.model_validate(pair) for pair in settings["joined"]]
    names = classifiers(settings["active"], settings["active_recipes"], joined)
    metrics = [read_json(reports / "metrics" / f"{name}.json") for name in names]
    split = read_json(reports / "split.json")
    classes = pd.read_csv(reports / "classes.csv")
    return {
        "models": [{"model": one["model"], **{name: one["test"][name] for name in FIGURES}} for one in metrics],
        "photos": {
            "rows": read_json(reports / "ingestion.json")["rows"],
            "dropped_by_reason": read_json(reports / "curation.json")["dropped_by_reason"],
            "classes": dict(zip(classes["label"], classes["images"].tolist(), strict=True)),
            "split": {part: split[part]["photos"] for part in ("train", "val", "test")},
            "test_groups": metrics[0]["test"]["groups"],
        },
        "seed": settings["seed"],
        "command": "make benchmark-milk10k",
        "versions": versions(),
        "seconds": seconds,
    }


if __name__ == "__main__":
    main()

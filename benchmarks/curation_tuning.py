"""What it costs to try another threshold of curation on milk10k's close-ups: `dvc repro curate` after a change.

`python benchmarks/curation_tuning.py [--data FOLDER] [--workdir FOLDER]` writes
benchmarks/results/curation_tuning.json. In a clone of its own, the pipeline runs up to stage `curate`; then each
threshold is changed in turn, and the command is timed as a person waits for it.
"""

import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import milk10k
import yaml
from environment import versions

from lesionflow.files import read_json, write_json

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/curation_tuning.json"
CHANGES: tuple[tuple[str, str, float], ...] = (
    ("duplicates", "min_inliers", 8),
    ("duplicates", "min_agreement", 0.7),
    ("duplicates", "min_overlap", 0.3),
    ("quality", "min_sharpness", 20.0),
    ("quality", "min_skin_share", 0.5),
)
"""Section, threshold and value; some drop photos, so that the outputs change too."""


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=ROOT.parent / "shared/data/milk10k")
@click.option("--workdir", type=click.Path(path_type=Path), help="Where the clone goes  [default: a temporary folder]")
def main(data: Path, workdir: Path | None) -> None:
    """Clone, import, run up to curation, change, time."""
    with tempfile.TemporaryDirectory() as room:
        clone = (workdir or Path(room)) / "tuning-clone"
        environment = milk10k.imported(clone, data.resolve())
        repro(clone, environment)
        rounds = [tuned(clone, environment, *change) for change in CHANGES]
        rows = read_json(clone / "reports/ingestion.json")["rows"]
    content = {
        "seconds": statistics.median(one["seconds"] for one in rounds),
        "slowest": max(one["seconds"] for one in rounds),
        "rounds": rounds,
        "rows": rows,
        "command": "make benchmark-curation-tuning",
        "versions": versions(),
    }
    write_json(content, RESULTS)


def repro(clone: Path, environment: dict[str, str]) -> float:
    """Seconds of `dvc repro curate`."""
    started = time.perf_counter()
    subprocess.run(["dvc", "repro", "--quiet", "curate"], cwd=clone, env=environment, check=True)
    return round(time.perf_counter() - started, 2)


def tuned(clone: Path, environment: dict[str, str], section: str, name: str, value: float) -> dict[str, Any]:
    """What it took with this threshold, and how many photos curation keeps."""
    path = clone / "params.yaml"
    settings = yaml.safe_load(path.read_text())
    settings["curate"][section][name] = value
    path.write_text(yaml.safe_dump(settings, sort_keys=False))
    seconds = repro(clone, environment)
    dropped = read_json(clone / "reports/curation.json")["dropped_by_reason"]
    return {"changed": f"curate.{section}.{name}", "to": value, "seconds": seconds, "dropped_by_reason": dropped}


if __name__ == "__main__":
    main()

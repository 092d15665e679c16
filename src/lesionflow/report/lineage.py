"""Where a run's figures come from: stages, files by their hashes, tracked content, versions, settings."""

import hashlib
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from lesionflow.errors import LesionflowError
from lesionflow.files import parse_yaml
from lesionflow.report import dag, dag_plot, reading
from lesionflow.report.dag import Stage
from lesionflow.report.drawing import Chart
from lesionflow.report.grids import Grid

TABLES = ("manifest", "ingested", "curated", "classes", "split", "traits", "review")
OF_CLASSIFIER = ("metrics", "calibration", "training")
LIBRARIES = (
    "dvc", "faiss-cpu", "grad-cam", "great_expectations", "mlflow", "numpy", "onnxruntime", "opencv-python-headless",
    "pandas", "pillow", "pyarrow", "scikit-learn", "scipy", "timm", "torch", "torchvision",
)  # fmt: skip
TRACKED = ("model", "experiment", "registered_model", "content_key")


@dataclass(frozen=True)
class Lineage:
    """What the page shows."""

    graph: Chart
    stages: list[Stage]
    files: Grid
    tracked: Grid
    versions: Grid
    settings: Grid


def of(root: Path, classifiers: Sequence[str]) -> Lineage:
    """The lineage of the run in a project's folder.

    Raises
    ------
    LesionflowError : dvc.yaml or params.yaml is missing or damaged, or a file that the run must have is missing.
    """
    params = _params(root / "params.yaml")
    stages = dag.stages(_text(root / "dvc.yaml"), params)
    tracked = [_tracked(root / f"outputs/tracking/{name}.json") for name in classifiers]
    return Lineage(
        graph=dag_plot.draw(dag.graph(stages), stages),
        stages=stages,
        files=Grid(["File", "Bytes", "MD5"], [_file(root, path) for path in _paths(classifiers)]),
        tracked=Grid(["Model", "Experiment", "Registered model", "Content key"], [row for row in tracked if row]),
        versions=Grid(["Package", "Version"], [["python", platform.python_version()], *map(_version, LIBRARIES)]),
        settings=Grid(["Setting", "Value"], [[name, value] for name, value in flat(params)]),
    )


def flat(params: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Leaves of nested settings by dotted names, as JSON; an empty section is its own leaf.

    >>> list(flat({"seed": 1, "train": {"rate": 0.1, "layers": [2, 3]}}))
    [('seed', '1'), ('train.rate', '0.1'), ('train.layers', '[2, 3]')]
    """
    for name, value in params.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _params(path: Path) -> dict[str, Any]:
    try:
        found = parse_yaml(_text(path))
    except yaml.YAMLError as error:
        raise LesionflowError(f"{path}: not valid YAML", got=str(error)) from None
    if not isinstance(found, dict):
        raise LesionflowError(f"{path}: no settings", got=type(found).__name__, expected="keys with values")
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise LesionflowError(f"{path}: no such file", remedy="Run from the project's folder.") from None


def _paths(classifiers: Sequence[str]) -> Iterator[str]:
    yield from (f"outputs/{name}.parquet" for name in TABLES)
    yield "reports/comparison.json"
    yield from (f"reports/{kind}/{name}.json" for name in classifiers for kind in OF_CLASSIFIER)


def _file(root: Path, path: str) -> list[str]:
    try:
        with (root / path).open("rb") as file:
            # MD5 because dvc.lock has it: a reader can compare the two. Nothing here is protected by it.
            digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
            return [path, f"{file.tell():,}", digest]
    except FileNotFoundError:
        raise LesionflowError(f"{root / path}: no such file", remedy="Run `dvc repro`.") from None


def _tracked(path: Path) -> list[str]:
    """A row of what was tracked; none of a classifier that the pipeline does not track."""
    if not path.exists():
        return []
    found = reading.json_file(path, "track", *TRACKED)
    return [str(found[name]) for name in TRACKED]


def _version(name: str) -> list[str]:
    try:
        return [name, version(name).partition("+")[0]]
    except PackageNotFoundError:
        return [name, "not installed"]

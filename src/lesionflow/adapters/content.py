"""What one run says, gathered from files that DVC owns: the same for a fresh result and for one out of DVC's cache."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lesionflow import tables
from lesionflow.errors import LesionflowError
from lesionflow.files import read_json
from lesionflow.params import PARAMS, load, parts_of

ONE_FILE = (
    "outputs/backbones/{backbone}.json",
    "outputs/heads/{slug}/head.json",
    "outputs/heads/{slug}/head.safetensors",
    "outputs/predictions/{slug}.parquet",
    "reports/calibration/{slug}.json",
    "reports/confusion/{slug}.csv",
    "reports/coverage/{slug}.csv",
    "reports/explain/{slug}.json",
    "reports/history/{slug}.csv",
    "reports/metrics/{slug}.json",
    "reports/per_class/{slug}.csv",
    "reports/training/{slug}.json",
    "reports/reliability/{slug}.csv",
    "reports/risk/{slug}.csv",
    "reports/subgroups/{slug}.csv",
    "reports/subgroups/{slug}.json",
)
FOLDERS = ("outputs/explain/{slug}", "reports/validation")
HEADLINE = ("balanced_accuracy", "accuracy", "mcc", "malignant_sensitivity")
# It says something about every active model, so that adding one would make the others look changed.
NOT_IN_KEY = ("reports/validation/predictions.json",)
SECTIONS = {
    "model": "models.{slug}",
    "calibrate": "calibrate",
    "curate": "curate",
    "evaluate": "evaluate",
    "extract_features": "extract_features",
    "seed": "seed",
    "recipe": "recipes.{recipe}",
    "subgroups": "subgroups",
}
"""What of params.yaml a run's results come from, by the names under which it is logged."""


@dataclass(frozen=True)
class RunContent:
    """One model's results.

    `files` are paths relative to `root`; `metrics` are the final ones by flat name; `history` has one row an epoch.
    """

    model: str
    root: Path
    files: tuple[str, ...]
    key: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    history: pd.DataFrame
    predictions: pd.DataFrame
    labels: tuple[str, ...]
    backbone: Mapping[str, Any]
    head: Path
    settings: Mapping[str, Any]


def settings(classifier: str, path: Path = PARAMS) -> dict[str, Any]:
    """The sections of a params.yaml that a classifier's results come from: `params` of `gather`.

    Raises
    ------
    LesionflowError : a section is not there.
    """
    slug, recipe = parts_of(classifier)
    found = {name: load(key.format(slug=slug, recipe=recipe), object, path) for name, key in SECTIONS.items()}
    return found | {"recipe": {"name": recipe, **load(f"recipes.{recipe}", dict[str, Any], path)}}


def parts(classifier: str) -> dict[str, str]:
    """Tags that name a classifier's backbone and recipe."""
    slug, recipe = parts_of(classifier)
    return {"lesionflow.backbone": slug, "lesionflow.recipe": recipe}


def paths(classifier: str) -> list[str]:
    """The files and folders, relative to the project's, that `gather` reads."""
    backbone, _ = parts_of(classifier)
    return [pattern.format(slug=classifier, backbone=backbone) for pattern in (*ONE_FILE, *FOLDERS)]


def gather(slug: str, params: Mapping[str, Any], *, root: Path, backbone: str = "") -> RunContent:
    """Read the results of one model, a classifier's name, below `root`.

    Parameters
    ----------
    backbone : slug of its backbone, where that is not the same name.
    params : sections of params.yaml that the results come from; `model` holds that of the backbone.

    Raises
    ------
    LesionflowError : a file is not there.
    """
    backbone = backbone or slug
    files = tuple(sorted(_files(slug, backbone, root)))
    card = read_json(root / "outputs/heads" / slug / "head.json")
    metrics = {
        **flat(read_json(root / "reports/metrics" / f"{slug}.json"), "_"),
        **flat({"explain": read_json(root / "reports/explain" / f"{slug}.json")}, "_"),
        **flat({"training": read_json(root / "reports/training" / f"{slug}.json")}, "_"),
        **flat({"calibration": read_json(root / "reports/calibration" / f"{slug}.json")}, "_"),
        **flat({"worst": _worst(read_json(root / "reports/subgroups" / f"{slug}.json"))}, "_"),
        **{name: float(card[name]) for name in ("best_epoch", "epochs") if name in card},
    }
    return RunContent(
        model=slug,
        root=root,
        files=files,
        key=content_key(files, params, root=root),
        params={name: _text(value) for name, value in flat(params, ".", numbers=False).items()},
        metrics={name: float(value) for name, value in metrics.items()},
        history=pd.read_csv(root / "reports/history" / f"{slug}.csv"),
        predictions=tables.read(root / "outputs/predictions" / f"{slug}.parquet", tables.PREDICTIONS),
        labels=tuple(card["labels"]),
        backbone=read_json(root / "outputs/backbones" / f"{backbone}.json"),
        head=root / "outputs/heads" / slug,
        settings=params["model"],
    )


def _worst(subgroups: Mapping[str, Any]) -> dict[str, Any]:
    """By trait, the worst subgroup's headline figures; all of them would be hundreds, and are in the logged file."""
    return {
        trait: {name: found for name, found in by_metric.items() if name in HEADLINE}
        for trait, by_metric in subgroups["worst"].items()
    }


def content_key(files: tuple[str, ...], params: Mapping[str, Any], *, root: Path) -> str:
    """Digest of the files and params: what makes two runs the same, whatever the commit, machine or time."""
    digests = {path: file_digest(root / path) for path in files if path not in NOT_IN_KEY}
    return digest({"files": digests, "params": params})


def digest(content: Any) -> str:
    """SHA-256 of a JSON value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flat(content: Mapping[str, Any], mark: str, *, numbers: bool = True) -> dict[str, Any]:
    """Leaves of nested mappings by joined names; of {value, low, high}, the value goes without its own name.

    With `numbers`, only numbers stay, so that null (undefined) is left out and never becomes 0.

    >>> flat({"test": {"accuracy": {"value": 0.5, "low": 0.4}, "mcc": None}}, "_")
    {'test_accuracy': 0.5, 'test_accuracy_low': 0.4}
    """
    return {mark.join(name): leaf for name, leaf in _leaves(content) if not numbers or _is_number(leaf)}


def _leaves(content: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from (((name, *rest) if rest != ("value",) else (name,), leaf) for rest, leaf in _leaves(value))
        else:
            yield (name,), value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _files(slug: str, backbone: str, root: Path) -> Iterator[str]:
    for pattern in ONE_FILE:
        path = pattern.format(slug=slug, backbone=backbone)
        if not (root / path).is_file():
            raise _absent(slug, root / path)
        yield path
    for pattern in FOLDERS:
        folder = root / pattern.format(slug=slug)
        if not folder.is_dir():
            raise _absent(slug, folder)
        yield from (path.relative_to(root).as_posix() for path in folder.rglob("*") if path.is_file())


def _absent(slug: str, path: Path) -> LesionflowError:
    return LesionflowError(
        f"{path}: no such result of model {slug}",
        expected="the pipeline's outputs",
        remedy="Run `dvc repro`, or `dvc pull` where somebody else ran it.",
    )

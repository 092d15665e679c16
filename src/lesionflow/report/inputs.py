"""What the report is made of, read from the files of the other stages."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lesionflow import files, tables
from lesionflow.errors import LesionflowError
from lesionflow.params import Joined, parts_of


@dataclass(frozen=True)
class Model:
    """One classifier's files. `confusion` has a row a test photo: columns actual, predicted.

    `slug` is the classifier's name, <backbone>-<recipe>. A joined one has no curves and no heat maps of its own.
    """

    slug: str
    backbone: dict[str, Any]
    metrics: dict[str, Any]
    history: pd.DataFrame
    per_class: pd.DataFrame
    confusion: pd.DataFrame
    explained: dict[str, Any]
    gallery: dict[str, Any]
    training: dict[str, Any]
    calibration: dict[str, Any]
    reliability: pd.DataFrame
    coverage: pd.DataFrame
    risk: pd.DataFrame
    subgroups: pd.DataFrame
    worst: dict[str, Any]
    outliers: dict[str, Any]

    @property
    def untrained(self) -> bool:
        """Whether the backbone's weights are random."""
        return bool(self.backbone["weights"] == "random")


@dataclass(frozen=True)
class Run:
    """One run of the pipeline: its tables, its models in the order of `active`, its gates."""

    manifest: pd.DataFrame
    ingested: pd.DataFrame
    curated: pd.DataFrame
    classes: pd.DataFrame
    split: pd.DataFrame
    models: list[Model]
    suites: list[dict[str, Any]]
    leakage: dict[str, Any]
    set_aside: list[str]
    """record_id of photos that the frozen split sets aside."""
    review: pd.DataFrame
    review_counts: dict[str, Any]
    comparison: dict[str, Any]
    """The criterion, the best model by it, and each model's differences from that one."""


SUITES = ("manifest", "ingested", "curated", "split", "predictions")
HISTORY = ("epoch", "train_loss", "val_loss", "train_accuracy", "val_accuracy")
TRAINING = ("train_accuracy", "val_accuracy", "train_val_gap", "collapsed")
PICTURE_KEYS = {"kind", "label", "predicted", "probability", "photo", "overlay"}
NAMES = {
    "label",
    "actual",
    "predicted",
    "probabilities",
    "sets",
    "slice",
    "part",
    "trait",
    "subgroup",
    "metric",
    "small",
}
"""CSV columns that hold text; a class may well be called NA or 007."""


def read(outputs: Path, reports: Path, slugs: Sequence[str], joined: Sequence[Joined] = ()) -> Run:
    """Read every file that the report shows; `slugs` are the active classifiers, others' files are left alone.

    Raises
    ------
    LesionflowError : no active model, or a file that is missing or damaged (the message names it and its stage).
    """
    if not slugs:
        raise LesionflowError(
            "params.yaml: active", got="no model", expected="at least one slug of `models`, and one recipe"
        )
    return Run(
        manifest=tables.read(outputs / "manifest.parquet", tables.MANIFEST),
        ingested=tables.read(outputs / "ingested.parquet", tables.INGESTED),
        curated=tables.read(outputs / "curated.parquet", tables.CURATED),
        classes=tables.read(outputs / "classes.parquet", tables.CLASSES),
        split=tables.read(outputs / "split.parquet", tables.SPLIT),
        models=[
            *(_model(outputs, reports, slug) for slug in slugs),
            *(_joined(outputs, reports, pair) for pair in joined),
        ],
        suites=[_json(reports / "validation" / f"{name}.json", "validate", "table", "results") for name in SUITES],
        leakage=_json(reports / "leakage.json", "prove_split"),
        set_aside=_json(reports / "split.json", "split", "set_aside")["set_aside"]["record_ids"],
        review=tables.read(outputs / "review.parquet", tables.REVIEW),
        comparison=_json(reports / "comparison.json", "compare", "criterion", "best", "confidence", "models"),
        review_counts=_json(reports / "review.json", "review", "model", "photos", "kinds"),
    )


def _model(outputs: Path, reports: Path, slug: str) -> Model:
    return Model(
        backbone=_backbone(outputs, slug),
        history=_csv(reports / "history" / f"{slug}.csv", "train", *HISTORY),
        explained=_json(reports / "explain" / f"{slug}.json", "explain"),
        gallery=_gallery(outputs / "explain" / slug / "index.json"),
        **_measured(reports, slug, "train", "evaluate"),
        **_trusted(reports, slug, parts_of(slug)[0]),
    )


def _joined(outputs: Path, reports: Path, pair: Joined) -> Model:
    first, second = (_backbone(outputs, name) for name in (pair.first, pair.second))
    return Model(
        backbone=_of_both(first, second),
        history=pd.DataFrame(columns=HISTORY, dtype=float),
        explained={},
        gallery={"items": []},
        **_measured(reports, pair.name, "join", "join"),
        **_trusted(reports, pair.name, parts_of(pair.first)[0]),
    )


def _measured(reports: Path, slug: str, trained_by: str, measured_by: str) -> dict[str, Any]:
    return {
        "slug": slug,
        "metrics": _json(reports / "metrics" / f"{slug}.json", measured_by, "test", "val", "train"),
        "per_class": _csv(reports / "per_class" / f"{slug}.csv", measured_by, "label"),
        "confusion": _csv(reports / "confusion" / f"{slug}.csv", measured_by, "actual", "predicted"),
        "training": _json(reports / "training" / f"{slug}.json", trained_by, *TRAINING),
    }


def _trusted(reports: Path, slug: str, backbone: str) -> dict[str, Any]:
    """How far a classifier is to be trusted; how far a photo lies from the training photos is the backbone's to say."""
    return {
        "calibration": _json(reports / "calibration" / f"{slug}.json", "calibrate", "raw", "sets", "abstention"),
        "reliability": _csv(reports / "reliability" / f"{slug}.csv", "calibrate", "probabilities", "said", "came"),
        "coverage": _csv(reports / "coverage" / f"{slug}.csv", "calibrate", "sets", "slice", "part", "coverage"),
        "risk": _csv(reports / "risk" / f"{slug}.csv", "calibrate", "coverage", "risk"),
        "subgroups": _csv(reports / "subgroups" / f"{slug}.csv", "measure_subgroups", "trait", "subgroup", "metric"),
        "worst": _json(reports / "subgroups" / f"{slug}.json", "measure_subgroups", "worst"),
        "outliers": _json(reports / "outliers" / f"{backbone}.json", "find_outliers", "limit", "test"),
    }


def _backbone(outputs: Path, classifier: str) -> dict[str, Any]:
    slug, _ = parts_of(classifier)
    return _json(outputs / "backbones" / f"{slug}.json", "extract_features", "weights", "licence")


def _of_both(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """The descriptions of two backbones told together; weights that are random in one of them are so in both."""
    both: dict[str, Any] = {}
    for name in ("timm", "weights", "weights_sha256", "licence", "trained_on"):
        values = list(dict.fromkeys(str(one[name]) for one in (first, second) if name in one))
        if values:
            both[name] = "random" if name == "weights" and "random" in values else " and ".join(values)
    return both


def _gallery(path: Path) -> dict[str, Any]:
    content = _json(path, "explain", "items")
    for item in content["items"]:
        if not set(item) >= PICTURE_KEYS or item["kind"] not in ("right", "wrong"):
            raise _damaged(path, str(item), f"kind right or wrong, and {', '.join(sorted(PICTURE_KEYS))}", "explain")
    return content


def _json(path: Path, made_by: str, *keys: str) -> dict[str, Any]:
    try:
        content = files.read_json(path)
    except FileNotFoundError:
        raise LesionflowError(f"{path}: no such file", remedy=f"Run `dvc repro {made_by}`.") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise _damaged(path, str(error), "JSON", made_by) from None
    if not isinstance(content, dict) or any(key not in content for key in keys):
        got = f"keys {', '.join(content) or 'none'}" if isinstance(content, dict) else type(content).__name__
        raise _damaged(path, got, f"an object with {', '.join(keys) or 'named values'}", made_by)
    return content


def _csv(path: Path, made_by: str, *columns: str) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        for name in frame:
            frame[name] = frame[name] if name in NAMES else _numeric(frame[name], needed=name in columns)
    except FileNotFoundError:
        raise LesionflowError(f"{path}: no such file", remedy=f"Run `dvc repro {made_by}`.") from None
    except ValueError as error:  # what pandas raises for an empty file, ragged rows, other encodings, no number
        raise _damaged(path, str(error), "a table with numbers", made_by) from None
    absent = [name for name in columns if name not in frame]
    if absent:
        raise _damaged(path, f"columns {', '.join(map(str, frame))}", f"also {', '.join(absent)}", made_by)
    return frame


def _numeric(column: "pd.Series[str]", *, needed: bool) -> Any:
    """Texts as numbers, an empty one as missing; left as they are when they are none and need not be."""
    try:
        return pd.to_numeric(column.replace("", None))
    except ValueError:
        if needed:
            raise
        return column


def _damaged(path: Path, got: str, expected: str, made_by: str) -> LesionflowError:
    return LesionflowError(f"{path}: damaged", got=got, expected=expected, remedy=f"Run `dvc repro -f {made_by}`.")

"""What the report is made of, read from the files of the other stages."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lesionflow import tables
from lesionflow.errors import LesionflowError
from lesionflow.params import Joined, parts_of
from lesionflow.report.reading import csv_file, damaged, json_file, json_list


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
class Ledger:
    """What became of every row of the manifest."""

    manifest: pd.DataFrame
    ingested: pd.DataFrame
    curated: pd.DataFrame
    classes: pd.DataFrame
    split: pd.DataFrame
    set_aside: list[str]
    """record_id of photos that the frozen split sets aside."""


@dataclass(frozen=True)
class Data(Ledger):
    """The ledger, and what else is known of a run's photos."""

    traits: pd.DataFrame
    suites: list[dict[str, Any]]
    leakage: dict[str, Any]
    review: pd.DataFrame
    review_counts: dict[str, Any]


@dataclass(frozen=True)
class Run:
    """One run of the pipeline: its data, its models in the order of `active`, and how they compare."""

    data: Data
    models: list[Model]
    comparison: dict[str, Any]
    """The criterion, the best model by it, and each model's differences from that one."""
    highlights: list[dict[str, Any]]
    """A few of the photos that curation joined, dropped and flagged (see highlights.py)."""


SUITES = ("manifest", "ingested", "curated", "split", "predictions")
HISTORY = ("epoch", "train_loss", "val_loss", "train_accuracy", "val_accuracy")
TRAINING = ("train_accuracy", "val_accuracy", "train_val_gap", "collapsed")
PICTURE_KEYS = {"kind", "label", "predicted", "probability", "photo", "overlay"}


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
        data=data(outputs, reports),
        models=[model(outputs, reports, name, joined) for name in (*slugs, *(pair.name for pair in joined))],
        comparison=comparison(reports),
        highlights=json_list(reports / "curation" / "highlights.json", "show_curation", "slug", "groups"),
    )


def of_one(outputs: Path, reports: Path, name: str, joined: Sequence[Joined] = ()) -> Run:
    """Read the run as far as one classifier goes, without the photos of curation.

    Raises
    ------
    LesionflowError : a file that is missing or damaged.
    """
    one = model(outputs, reports, name, joined)
    return Run(data(outputs, reports), [one], comparison(reports), highlights=[])


def ledger(outputs: Path, reports: Path) -> Ledger:
    """Read what became of every row.

    Raises
    ------
    LesionflowError : a file that is missing or damaged.
    """
    return Ledger(
        manifest=tables.read(outputs / "manifest.parquet", tables.MANIFEST),
        ingested=tables.read(outputs / "ingested.parquet", tables.INGESTED),
        curated=tables.read(outputs / "curated.parquet", tables.CURATED),
        classes=tables.read(outputs / "classes.parquet", tables.CLASSES),
        split=tables.read(outputs / "split.parquet", tables.SPLIT),
        set_aside=json_file(reports / "split.json", "split", "set_aside")["set_aside"]["record_ids"],
    )


def data(outputs: Path, reports: Path) -> Data:
    """Read what a run says of its photos.

    Raises
    ------
    LesionflowError : a file that is missing or damaged.
    """
    return Data(
        **vars(ledger(outputs, reports)),
        traits=tables.read(outputs / "traits.parquet", tables.TRAITS),
        suites=[json_file(reports / "validation" / f"{name}.json", "validate", "table", "results") for name in SUITES],
        leakage=json_file(reports / "leakage.json", "prove_split"),
        review=tables.read(outputs / "review.parquet", tables.REVIEW),
        review_counts=json_file(reports / "review.json", "review", "model", "photos", "kinds"),
    )


def model(outputs: Path, reports: Path, name: str, joined: Sequence[Joined] = ()) -> Model:
    """Read the files of one classifier, which may be one of the `joined`.

    Raises
    ------
    LesionflowError : a file that is missing or damaged.
    """
    pair = next((pair for pair in joined if pair.name == name), None)
    return _model(outputs, reports, name) if pair is None else _joined(outputs, reports, pair)


def comparison(reports: Path) -> dict[str, Any]:
    """Read how the classifiers compare (see `Run`).

    Raises
    ------
    LesionflowError : the file is missing or damaged.
    """
    return json_file(reports / "comparison.json", "compare", "criterion", "best", "confidence", "models")


def _model(outputs: Path, reports: Path, slug: str) -> Model:
    return Model(
        backbone=_backbone(outputs, slug),
        history=csv_file(reports / "history" / f"{slug}.csv", "train", *HISTORY),
        explained=json_file(reports / "explain" / f"{slug}.json", "explain"),
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
        "metrics": json_file(reports / "metrics" / f"{slug}.json", measured_by, "test", "val", "train"),
        "per_class": csv_file(reports / "per_class" / f"{slug}.csv", measured_by, "label"),
        "confusion": csv_file(reports / "confusion" / f"{slug}.csv", measured_by, "actual", "predicted"),
        "training": json_file(reports / "training" / f"{slug}.json", trained_by, *TRAINING),
    }


def _trusted(reports: Path, slug: str, backbone: str) -> dict[str, Any]:
    """How far a classifier is to be trusted; how far a photo lies from the training photos is the backbone's to say."""
    return {
        "calibration": json_file(reports / "calibration" / f"{slug}.json", "calibrate", "raw", "sets", "abstention"),
        "reliability": csv_file(reports / "reliability" / f"{slug}.csv", "calibrate", "probabilities", "said", "came"),
        "coverage": csv_file(reports / "coverage" / f"{slug}.csv", "calibrate", "sets", "slice", "part", "coverage"),
        "risk": csv_file(reports / "risk" / f"{slug}.csv", "calibrate", "coverage", "risk"),
        "subgroups": csv_file(
            reports / "subgroups" / f"{slug}.csv", "measure_subgroups", "trait", "subgroup", "metric"
        ),
        "worst": json_file(reports / "subgroups" / f"{slug}.json", "measure_subgroups", "worst"),
        "outliers": json_file(reports / "outliers" / f"{backbone}.json", "find_outliers", "limit", "test"),
    }


def _backbone(outputs: Path, classifier: str) -> dict[str, Any]:
    slug, _ = parts_of(classifier)
    return json_file(outputs / "backbones" / f"{slug}.json", "extract_features", "weights", "licence")


def _of_both(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """The descriptions of two backbones told together; weights that are random in one of them are so in both."""
    both: dict[str, Any] = {}
    for name in ("timm", "weights", "weights_sha256", "licence", "trained_on"):
        values = list(dict.fromkeys(str(one[name]) for one in (first, second) if name in one))
        if values:
            both[name] = "random" if name == "weights" and "random" in values else " and ".join(values)
    return both


def _gallery(path: Path) -> dict[str, Any]:
    content = json_file(path, "explain", "items")
    for item in content["items"]:
        if not set(item) >= PICTURE_KEYS or item["kind"] not in ("right", "wrong"):
            raise damaged(path, str(item), f"kind right or wrong, and {', '.join(sorted(PICTURE_KEYS))}", "explain")
    return content

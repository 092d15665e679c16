"""A small run of the pipeline, whole and coherent, written by hand instead of by the other stages.

Counts, as the tests use them:

            manifest  failed            dropped by curation          kept      split (train, val, test)
melanoma          12  1 not_found       1 exact_duplicate            10        6, 2, 2
nevus             14  -                 2 near_duplicate, 1 blurred  11        7, 2, 2
rare               4  1 undecodable     -                             3        class dropped
all               30  2                 4                            24        13, 4, 4; 21 in kept classes
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from lesionflow import files, tables
from lesionflow.params import Joined

PLAN = {
    "melanoma": {"rows": 12, "failed": ["not_found"], "dropped": ["exact_duplicate"], "malignant": True},
    "nevus": {"rows": 14, "failed": [], "dropped": ["near_duplicate", "near_duplicate", "blurred"]},
    "rare": {"rows": 4, "failed": ["undecodable"], "dropped": [], "class_reason": "too_few_photos"},
}
VALIDATION = {"first-study": 0.70, "second-study": 0.80, "untrained-study": 0.30}
SUITES = ("manifest", "ingested", "curated", "split", "predictions")


def records(plan: dict, source: str, licence: str) -> pd.DataFrame:
    """One row a manifest row with all that the tables say of it."""
    rows = []
    for label, part in plan.items():
        outcomes = [*part["failed"], *part["dropped"], *[""] * part["rows"]][: part["rows"]]
        for place, outcome in enumerate(outcomes):
            failed = place < len(part["failed"])
            name = f"{source}:{label}-{place:03}"
            sha256 = None if failed else f"{len(rows):064x}"
            rows.append({"record_id": name, "label": label, "outcome": outcome, "failed": failed, "sha256": sha256})
    return pd.DataFrame(rows).assign(source=source, licence=licence)


def split_of(frame: pd.DataFrame) -> pd.Series:
    """Of each class: the last fifth test, the fifth before it val, the rest train."""
    place, size = frame.groupby("label").cumcount(), frame.groupby("label")["label"].transform("size")
    fifth = size // 5
    return pd.Series(
        np.select([place >= size - fifth, place >= size - 2 * fifth], ["test", "val"], "train"), frame.index
    )


def write_tables(outputs: Path, frame: pd.DataFrame, plan: dict) -> pd.DataFrame:
    """Write all tables; returns the split."""
    kept = [label for label in sorted(plan) if "class_reason" not in plan[label]]
    stored, used = ~frame["failed"], frame["outcome"] == ""
    optional = {name: None for name, column in tables.MANIFEST.columns.items() if column.optional}
    manifest = frame.assign(manifest="one", url="a.jpg", label_raw=frame["label"], attribution="A. Nobody", **optional)
    tables.write(manifest, outputs / "manifest.parquet", tables.MANIFEST)
    place = {"shard": "one.tar", "offset": 0, "length": 9, "format": "jpeg", "width": 200, "height": 200}
    place = {name: pd.Series([value] * len(frame)).where(stored, None) for name, value in place.items()}
    reasons = {"status": stored.map({True: "stored", False: "failed"}), "reason": frame["outcome"].where(~stored, "")}
    ingested = frame.assign(
        **reasons, detail="", attribution="", key="k", fetched_sha256=frame["sha256"], **place,
        **dict.fromkeys(("final_url", "fetched_length", "mask_sha256", "mask_offset", "mask_length")),
    )  # fmt: skip
    tables.write(ingested, outputs / "ingested.parquet", tables.INGESTED)
    curated = frame.assign(
        verdict=used.map({True: "keep", False: "drop"}),
        reason=frame["outcome"].where(stored, "not_ingested"),
        cluster=None, kept_record_id=None, group=frame["record_id"],
    )  # fmt: skip
    tables.write(curated, outputs / "curated.parquet", tables.CURATED)
    split = frame[used & frame["label"].isin(kept)]
    split = split.assign(class_id=split["label"].map(kept.index), group=split["record_id"], split=split_of(split))
    tables.write(split, outputs / "split.parquet", tables.SPLIT)
    counted = {"in_manifest": frame, "ingested": frame[stored], "curated": frame[used], "groups": frame[used]}
    classes = pd.DataFrame({name: part["label"].value_counts() for name, part in counted.items()})
    classes = classes.reindex(sorted(plan)).fillna(0).astype(int).rename_axis("label").reset_index()
    classes["verdict"] = ["keep" if label in kept else "drop" for label in classes["label"]]
    classes["becomes"] = classes["label"].where(classes["verdict"] == "keep", None)
    classes["used"] = classes["curated"].where(classes["verdict"] == "keep", 0)
    classes["reason"] = [plan[label].get("class_reason", "") for label in classes["label"]]
    classes["class_id"] = pd.array([kept.index(name) if name in kept else None for name in classes["label"]], "Int64")
    classes["malignant"] = [plan[label].get("malignant", False) for label in classes["label"]]
    tables.write(classes, outputs / "classes.parquet", tables.CLASSES)
    return split


def figures_of(value: float, photos: int) -> dict:
    """A metrics file in which each figure is `value`, MCC half of it, with an interval of 0.05 on each side."""
    shares = ("accuracy", "balanced_accuracy", "macro_f1", "macro_precision", "macro_recall", "top_3")
    shares += ("weighted_precision", "weighted_recall", "weighted_f1")
    plain = {**dict.fromkeys(shares, value), "mcc": value / 2, "macro_auroc": value}
    test = {name: {"value": one, "low": one - 0.05, "high": one + 0.05} for name, one in plain.items()}
    return {"test": {"photos": photos, "groups": photos, **test}, "val": plain, "train": plain}


def write_model(root: Path, slug: str, value: float, split: pd.DataFrame, *, weights: str = "package") -> None:
    """All files of one model, whose only mistake is to take the first test photo for the second class."""
    test, labels = split[split["split"] == "test"], sorted(set(split["label"]))
    files.write_json({"model": slug, **figures_of(value, len(test))}, root / f"reports/metrics/{slug}.json")
    backbone_slug = slug.removesuffix("-study")
    backbone = {
        "model": backbone_slug,
        "timm": f"tf_{backbone_slug}",
        "weights": weights,
        "weights_sha256": "ab" * 32,
        "parameters": 1234,
    }
    backbone |= {"licence": "Apache-2.0", "trained_on": "ImageNet-1k", "preprocessing": {"input_size": [3, 224, 224]}}
    files.write_json(backbone, root / f"outputs/backbones/{backbone_slug}.json")
    epochs = pd.DataFrame({"epoch": [1, 2, 3], "train_loss": [1.0, 0.5, 0.25], "val_loss": [1.1, 0.7, 0.9]})
    epochs = epochs.assign(train_accuracy=[0.5, 0.7, 0.9], val_accuracy=[0.5, 0.65, 0.6])
    files.write_text(epochs.to_csv(index=False), root / f"reports/history/{slug}.csv")
    predicted = [labels[1], *test["label"].iloc[1:]]
    rows = pd.DataFrame({"actual": test["label"], "predicted": predicted})
    files.write_text(rows.to_csv(index=False), root / f"reports/confusion/{slug}.csv")
    per_class = pd.DataFrame({"label": labels, "precision": 1.0, "recall": 0.5, "photos": 2})
    files.write_text(per_class.to_csv(index=False), root / f"reports/per_class/{slug}.csv")
    training = {"train_accuracy": 0.9, "val_accuracy": 0.65, "train_val_gap": 0.25, "memorising": False}
    told = {"model": slug, "best_epoch": 2, "epochs": 3, **training, "collapsed": []}
    files.write_json(told, root / f"reports/training/{slug}.json")
    told = {"model": slug, "content_key": f"{len(slug):064x}", "experiment": "e", "registered_model": f"r-{slug}"}
    files.write_json(told, root / f"outputs/tracking/{slug}.json")
    write_gallery(root, slug, labels)
    write_trust(root, slug, test, labels)


def write_trust(root: Path, slug: str, test: pd.DataFrame, labels: list[str]) -> None:
    """Calibration from 20 to 5 %; sets that hold half of each class; women read worst, of other sexes too few."""
    figure = {"value": 0.5, "low": 0.4, "high": 0.6}
    stage = {"ece": {**figure, "value": 0.2}, "classwise_ece": figure, "log_loss": figure, "brier": figure}
    sets = {"coverage": figure, "mean_size": 1.5, "single": 0.5, "empty": 0.0}
    abstention = {"aurc": figure, "target_risk": 0.1, "threshold": 0.8, "coverage": figure, "risk": figure}
    content = {
        "model": slug, "temperature": 1.5, "raw": stage, "calibrated": {**stage, "ece": {**figure, "value": 0.05}},
        "sets": {"coverage": 0.9, "marginal": sets, "by_class": sets}, "abstention": abstention,
    }  # fmt: skip
    files.write_json(content, root / f"reports/calibration/{slug}.json")
    bins = pd.DataFrame(
        {"from": [0.0, 0.5], "to": [0.5, 1.0], "photos": [0, 4], "said": [None, 0.9], "came": [None, 0.7]}
    )
    reliability = pd.concat([bins.assign(probabilities=name) for name in ("raw", "calibrated")])
    parts = [("all", "all"), *(("label", label) for label in labels)]
    coverage = pd.DataFrame(
        [{"sets": sets, "slice": kind, "part": part} for sets in ("marginal", "by_class") for kind, part in parts]
    ).assign(photos=2, groups=2, coverage=0.5, coverage_low=0.1, coverage_high=0.9, mean_size=1.5, single=0.5, empty=0)
    risk = pd.DataFrame({"threshold": [0.9, 0.5], "coverage": [0.5, 1.0], "risk": [0.0, 0.25]})
    rows = [
        {"trait": "sex", "subgroup": name, "photos": 2, "groups": 2, "small": small, "metric": metric, "value": value}
        for name, small, value in (("female", False, 0.25), ("male", False, 0.5), ("other", True, 0.0))
        for metric in ("balanced_accuracy", "accuracy", "macro_f1", "mcc", "malignant_sensitivity")
    ]
    subgroups = pd.DataFrame(rows).assign(low=0.125, high=0.75)
    frames = {"reliability": reliability, "coverage": coverage, "risk": risk, "subgroups": subgroups}
    for name, frame in frames.items():
        files.write_text(frame.to_csv(index=False), root / f"reports/{name}/{slug}.csv")
    worst = {"subgroup": "female", "value": 0.25, "low": 0.125, "high": 0.75, "of": 2}
    found = {"worst": {"sex": {"balanced_accuracy": worst, "mcc": None}}, "counts": {}, "known": {}}
    files.write_json({"model": slug, **found}, root / f"reports/subgroups/{slug}.json")
    parts = {name: {"photos": 4, "unusual": 1, "median_distance": 0.5} for name in ("train", "val", "test")}
    backbone = slug.removesuffix("-study")
    files.write_json({"model": backbone, "limit": 0.75, **parts}, root / f"reports/outliers/{backbone}.json")


def write_joined(root: Path, name: str, value: float, labels: Sequence[str] = ("melanoma", "nevus")) -> Joined:
    """What stage join leaves for `first-study` and `second-study` together."""
    test = pd.read_csv(root / "reports/confusion/first-study.csv")
    files.write_json({"model": name, **figures_of(value, len(test))}, root / f"reports/metrics/{name}.json")
    for kind in ("confusion", "per_class"):
        files.write_text((root / f"reports/{kind}/first-study.csv").read_text(), root / f"reports/{kind}/{name}.csv")
    write_trust(root, name, test, list(labels))
    compared = files.read_json(root / "reports/comparison.json")
    compared["models"][name] = compared["models"]["first-study"]
    files.write_json(compared, root / "reports/comparison.json")
    told = {"train_accuracy": 0.9, "val_accuracy": value, "train_val_gap": 0.9 - value, "collapsed": [], "tau": 0.5}
    files.write_json({"model": name, **told}, root / f"reports/training/{name}.json")
    return Joined(name=name, first="first-study", second="second-study")


def write_gallery(root: Path, slug: str, labels: list[str]) -> None:
    """One right and one wrong prediction, with pictures of one colour."""
    items = [("right", labels[0], labels[0], 0.9, "r"), ("wrong", labels[0], labels[1], 0.8, "w")]
    keys = ("kind", "label", "predicted", "probability")
    index = [
        {
            "sha256": name * 64,
            **dict(zip(keys, item, strict=True)),
            "photo": f"{name}.jpg",
            "overlay": f"{name}-map.jpg",
        }
        for *item, name in items
    ]
    head = {"model": slug, "method": "gradcam", "target_layer": "conv_head"}
    files.write_json({**head, "items": index}, root / f"outputs/explain/{slug}/index.json")
    for item in index:
        for kind, colour in (("photo", (200, 150, 130)), ("overlay", (220, 90, 60))):
            Image.new("RGB", (32, 32), colour).save(root / f"outputs/explain/{slug}" / item[kind])
    files.write_json({"model": slug, "photos": 2, "blank_maps": 0}, root / f"reports/explain/{slug}.json")


def write_comparison(root: Path) -> None:
    """By validation `second` is the best; `first` differs by noise, `untrained` by 0.5."""
    found = {"first-study": (-0.1, -0.25, 0.05, 0.4, "noise"), "untrained-study": (-0.5, -0.6, -0.4, 0.002, "worse")}
    models: dict = {"second-study": {"verdict": "best"}}
    for slug, (value, low, high, p_value, verdict) in found.items():
        one = {"value": value, "low": low, "high": high, "p": p_value / 2, "p_holm": p_value}
        models[slug] = {"balanced_accuracy": one, "accuracy": one, "mcc": one, "verdict": verdict}
    content = {"criterion": "balanced_accuracy", "best": "second-study", "confidence": 0.95, "models": models}
    files.write_json(content, root / "reports/comparison.json")


def write_suites(root: Path) -> None:
    """Every suite holds, but for one warning on split."""
    rule = {"expectation": "expect_column_values_to_not_be_null", "column": "label", "severity": "critical"}
    holds = {**rule, "success": True, "rule": {}, "observed": None, "unexpected": 0, "examples": [], "notes": ""}
    few = {**holds, "expectation": "expect_column_values_to_be_between", "column": "class_photos", "success": False}
    few |= {"severity": "warning", "rule": {"min_value": 10}, "unexpected": 4, "notes": "few photos, wide intervals"}
    for name in SUITES:
        results = [holds, few] if name == "split" else [holds]
        files.write_json(
            {"table": name, "success": True, "rows": 30, "results": results}, root / f"reports/validation/{name}.json"
        )
    files.write_json({"groups_crossing": 0, "pairs_crossing": 0}, root / "reports/leakage.json")
    files.write_json({"set_aside": {"photos": 0, "record_ids": []}}, root / "reports/split.json")


def write_review(root: Path, split: pd.DataFrame) -> None:
    """Of melanoma, the first photo is doubted and unlike its class, the second doubted; one is beyond the limit."""
    first, second = split[split["label"] == sorted(set(split["label"]))[0]].index[:2]
    other = sorted(set(split["label"]))[1]
    rows = split.loc[[first, second, first], ["sha256", "record_id", "label"]].assign(
        kind=["label_error", "label_error", "off_topic"], rank=[1, 2, 1], score=[0.012345, 0.2, 0.05],
        suggested=[other, other, None], evidence=[f"{other} 98.8 %", f"{other} 80.0 %", "3.0 times as far"],
    )  # fmt: skip
    tables.write(rows, root / "outputs/review.parquet", tables.REVIEW)
    doubted = {"judged": 21, "found": 4, "reviewed": 1, "listed": 2, "left_out": 1, "not_judged": {}}
    unlike = {"judged": 20, "found": 1, "reviewed": 0, "listed": 1, "left_out": 0, "not_judged": {other: 1}}
    kinds = {"label_error": doubted, "off_topic": unlike}
    files.write_json({"model": "first", "photos": 21, "kinds": kinds}, root / "reports/review.json")


def write_traits(root: Path, split: pd.DataFrame) -> None:
    """Skin type 1 to 3 in turn, every fourth without one; ages of 10, 30, 50 and 70 in turn; sex always female."""
    place = np.arange(len(split))
    traits = split[["sha256"]].assign(
        skin_type=pd.array([None if one % 4 == 3 else one % 4 + 1 for one in place], "Int64"),
        age=10.0 + 20 * (place % 4), sex="female", source="atlas", sharpness=1.0,
        **dict.fromkeys(("skin_tone", "body_site")),
    )  # fmt: skip
    tables.write(traits, root / "outputs/traits.parquet", tables.TRAITS)


def write_highlights(root: Path, label: str) -> None:
    """One pair that was joined, with one picture; nothing else."""
    picture = {"name": "one.jpg", "width": 32, "height": 32}
    card = {"record_id": f"atlas:{label}-001", "labels": [label], "kept": True, "verdict": "kept", "picture": picture}
    cards = [card, {**card, "kept": False, "verdict": "exact duplicate", "picture": None}]
    item = {"cards": cards, "facts": [["Transform", "mirrored"]]}
    group = {"name": "Copies of one photo", "total": 1, "several": True, "items": [item]}
    joined = {"slug": "joined", "name": "Joined", "intro": "Pairs.", "nothing": "No two photos were joined."}
    none = {"slug": "dropped", "name": "Dropped", "intro": "Rows.", "nothing": "Nothing was dropped.", "groups": []}
    files.write_json([{**joined, "groups": [group]}, none], root / "reports/curation/highlights.json")
    (root / "reports/curation/pictures").mkdir()
    Image.new("RGB", (32, 32), (200, 150, 130)).save(root / "reports/curation/pictures/one.jpg")


PIPELINE = """
stages:
  collect:
    desc: Gather the manifests
    cmd: python stages/collect.py
    deps: [stages/collect.py, data/manifests]
    outs: [outputs/manifest.parquet]
  train:
    matrix: {model: "${active}", recipe: "${active_recipes}"}
    desc: Train ${item.model}-${item.recipe}
    cmd: python stages/train.py
    deps: [outputs/manifest.parquet]
    outs:
      - outputs/heads/${item.model}-${item.recipe}:
          persist: true
"""


def write_run(root: Path, plan: dict = PLAN, *, source: str = "atlas", licence: str = "CC-BY-4.0") -> Path:
    """Write a whole run with the models `first`, `second` and `untrained`; returns `root`."""
    split = write_tables(root / "outputs", records(plan, source, licence), plan)
    for slug, value in VALIDATION.items():
        write_model(root, slug, value, split, weights="random" if slug == "untrained-study" else "package")
    write_suites(root)
    write_comparison(root)
    write_review(root, split)
    write_traits(root, split)
    write_highlights(root, min(plan))
    files.write_text(PIPELINE, root / "dvc.yaml")
    active = ", ".join(slug.removesuffix("-study") for slug in VALIDATION)
    settings = f"active: [{active}]\nactive_recipes: [study]\njoined: []\nevaluate: {{confidence: 0.95}}\n"
    cards = ("intended_use", "motivation", "collection", "consent", "distribution", "maintenance", "contact")
    settings += f"report: {json.dumps({'cards': dict.fromkeys(cards, '')})}\n"
    files.write_text(settings, root / "params.yaml")
    return root

"""Whether the shortcut audit catches what is planted, what a heat map costs, and what the audit says on real photos.

`python benchmarks/explain.py [--data FOLDER] [--cache FOLDER] [--part planted|cost|milk10k]` writes
benchmarks/results/explain.json; with `--part`, only that part of it.

- planted: drawn photos of six classes, twice: once each photo of one class carries a watermark, in training and in test
  (drawn otherwise than the audit draws its own), once none does. EfficientNet-Lite0, the study's head.
- cost: a batch of heat maps against one forward and backward pass of the same network, medians of rounds.
- milk10k: every recipe on every default backbone, trained on one split; then the audit, and error rates on photos that
  carry hair, pen ink or gel by milk10k's MONET scores against those that do not. No setting was chosen on it.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pandas as pd
import torch
from environment import versions
from leakage import curated, load
from learning_milk10k import extracted, read_photos

from lesionflow import parallel, tables
from lesionflow.curate import frozen, splitting
from lesionflow.curate.settings import SplitParams
from lesionflow.evaluate import explanations, intervals, predictions
from lesionflow.evaluate.settings import EvaluateParams
from lesionflow.evaluate.verdict import VerdictParams
from lesionflow.explain import auditing, corrupted, gradcam, layers, sampling
from lesionflow.explain.corrupted import Photo
from lesionflow.explain.settings import AuditParams
from lesionflow.files import read_json, write_json
from lesionflow.images import StoredPhoto
from lesionflow.learn import backbones, examples, features, head_inputs, memory, training
from lesionflow.learn.backbones import Backbone, BackboneParams
from lesionflow.learn.classifier import Classifier
from lesionflow.learn.features import FeaturesParams
from lesionflow.learn.head import Head
from lesionflow.learn.recipes import Recipe
from lesionflow.sample import drawing, plant
from lesionflow.sample.catalogue import LARGE, Size, catalogue

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/explain.json"
SLUGS, RECIPES = ("efficientnet_lite0", "efficientnet_lite2"), ("study", "tuned")
OF_EACH, MARKED, SEED = 60, "melanoma", 2509
BATCH, ROUNDS = 8, 7
CARRIES = {
    "hair": "MONET_hair",
    "pen": "MONET_skin_markings_pen_ink_purple_pen",
    "gel": "MONET_gel_water_drop_fluid_dermoscopy_liquid",
}
HIGH, LOW = 0.5, 0.25
"""Scores from which a photo counts as carrying an artefact, and below which as free of it; between them as neither."""


def backbone_of(slug: str) -> Backbone:
    """A default backbone."""
    return backbones.load(slug, load(f"models.{slug}", BackboneParams))


def drawn(folder: Path, *, marked: bool) -> tuple[dict[str, Photo], pd.DataFrame]:
    """Photos of six classes with their masks, and table split by patient; with `marked`, one class has watermarks."""
    subjects = catalogue(Size(dict.fromkeys(LARGE, OF_EACH), 0, 0, 0, 0), SEED)
    labels, photos, rows = sorted(LARGE), {}, []
    for number, subject in enumerate(subjects):
        photo, mask = drawing.draw(subject, SEED)
        shown = plant.NEAR_COPIES["watermark"](photo) if marked and subject.label == MARKED else photo
        name, stored = f"{number:04}", []
        for ending, content in (("jpg", drawing.as_jpeg(shown)), ("png", drawing.as_png(mask))):
            path = folder / f"{name}.{ending}"
            path.write_bytes(content)
            stored.append(StoredPhoto(name, path, 0, len(content)))
        photos[name] = Photo(*stored)
        part = ("train", "train", "train", "val", "test")[int(subject.patient[1:]) % 5]
        rows.append({"sha256": name, "label": subject.label, "group": subject.patient, "split": part})
    split = pd.DataFrame(rows)
    return photos, split.assign(record_id=split["sha256"], class_id=split["label"].map(labels.index))


class Auditing:
    """Heads on one backbone, trained on some photos and audited on their test part."""

    def __init__(
        self, backbone: Backbone, photos: dict[str, Photo], split: pd.DataFrame, vectors: pd.DataFrame
    ) -> None:
        self.split, self.vectors = split, vectors
        self.labels = list(split.sort_values("class_id")["label"].unique())
        self.seed, self.audit = load("seed", int), load("audit", AuditParams)
        names = sampling.subset(split[split["split"] == "test"], self.audit.photos, seed=self.seed)
        how = FeaturesParams(batch_size=32, views=tuple(sorted(set(vectors["view"]))))
        self.corrupted = corrupted.table(
            backbone, {name: photos[name] for name in names}, how.views, self.audit, features.engine(backbone, how),
            batch_size=how.batch_size, seed=self.seed,
        )  # fmt: skip

    def __call__(self, recipe: str) -> tuple[dict[str, Any], pd.DataFrame]:
        """What `explanations.report` says of a head of this recipe, and its predictions."""
        settings, told = load(f"recipes.{recipe}", Recipe), tables.TRAITS.empty()
        seen = head_inputs.of_recipe(settings, told, self.split)
        matrix = examples.join(self.split, self.vectors, seen, told)
        train, val = (examples.part(self.split, matrix, part) for part in ("train", "val"))
        head = training.fit(train, val, self.labels, settings, seed=self.seed).head.eval()
        table = predictions.table(self.split, head.probabilities(matrix), self.labels, model=recipe)
        answers = auditing.answers(head, {"labels": self.labels, **seen.card()}, self.corrupted, self.split, told)
        measured = load("evaluate", EvaluateParams), load("verdict", VerdictParams)
        report = explanations.report(None, answers, None, self.labels, self.audit.severities, *measured, seed=self.seed)
        return report, table


def planted() -> dict[str, Any]:
    """Whether the audit catches the planted shortcut, and what it says of the model that has none."""
    found: dict[str, Any] = {"of_each_class": OF_EACH, "marked": MARKED}
    for name, marked in (("planted", True), ("clean", False)):
        with tempfile.TemporaryDirectory() as room:
            backbone = backbone_of(SLUGS[0])
            photos, split = drawn(Path(room), marked=marked)
            stored = {sha256: photo.stored for sha256, photo in photos.items()}
            how = FeaturesParams(batch_size=32)
            vectors = features.with_cached(backbone, stored, tables.FEATURES.empty(), how, key="drawn")
            report, table = Auditing(backbone, photos, split, vectors)("study")
        test = table[table["split"] == "test"]
        accuracy = float((test["predicted"] == test["label"]).mean())
        fails = [fail["check"] for fail in report["verdict"]["fails"]]
        found[name] = {"test_accuracy": round(accuracy, 4), "fails": fails, "audit": report["audit"]}
        found |= {"shortcut_caught" if marked else "clean_flagged": report["shortcut_audit_fails"]}
    return found


def cost() -> dict[str, Any]:
    """Seconds of a batch of maps over those of a forward and backward pass, by model."""
    found = {}
    for slug in SLUGS:
        backbone = backbone_of(slug)
        classifier = Classifier(backbone, Head(backbone.width, 256, 6, 0.4))
        photos = torch.rand(BATCH, 3, backbone.input_size, backbone.input_size)
        layer = layers.candidates(backbone.network, backbone.input_size, count=1)[0]

        def both(classifier: Classifier = classifier, photos: torch.Tensor = photos) -> None:
            classifier(photos.clone().requires_grad_(True))[:, 0].sum().backward()

        def maps(
            classifier: Classifier = classifier, photos: torch.Tensor = photos, layer: layers.Layer = layer
        ) -> None:
            gradcam.maps(classifier, photos, [0] * BATCH, layer, "gradcam")

        found[slug] = _ratio(maps, both)
    return {"seconds_over_forward_backward": max(found.values()), "cost_by_model": found}


def _ratio(first: Callable[[], None], second: Callable[[], None]) -> float:
    """Median of the ratios of rounds that take turns, so that what else the machine does weighs on both."""
    first()
    second()
    ratios = []
    for _ in range(ROUNDS):
        marks = [time.perf_counter()]
        for work in (first, second):
            work()
            marks.append(time.perf_counter())
        ratios.append((marks[1] - marks[0]) / (marks[2] - marks[1]))
    return round(statistics.median(ratios), 3)


def milk10k(data: Path, cache: Path | None) -> dict[str, Any]:
    """The audit of every default classifier, and error rates on photos that carry artefacts."""
    rows, stored = read_photos(data)
    table, kept = curated(rows.assign(of=""), stored)
    parallel.rest()
    ledger = pd.DataFrame(columns=frozen.COLUMNS, dtype=object)
    split = splitting.split(table, kept, load("curate.split", SplitParams), seed=load("seed", int), ledger=ledger).table
    used = [photo for photo in stored if photo.sha256 in set(split["sha256"])]
    photos = {photo.sha256: Photo(photo, None) for photo in used}
    monet = pd.read_csv(data / "metadata.csv").set_index("sha256")[list(CARRIES.values())]
    models = {}
    for slug in SLUGS:
        backbone = backbone_of(slug)
        audited = Auditing(backbone, photos, split, extracted(slug, used, cache))
        for recipe in RECIPES:
            report, answers = audited(recipe)
            test = answers[answers["split"] == "test"]
            models[f"{slug}-{recipe}"] = _said(report) | {"carrying": _carrying(test, monet)}
    return {"photos": len(split), "test_photos": int((split["split"] == "test").sum()), "models": models}


def _said(report: dict[str, Any]) -> dict[str, Any]:
    """Of the report, what the README and a reader of the results need."""
    fails = [fail["check"] for fail in report["verdict"]["fails"]]
    return {"shortcut_audit_fails": report["shortcut_audit_fails"], "fails": fails, "audit": report["audit"]}


def _carrying(test: pd.DataFrame, monet: pd.DataFrame) -> dict[str, Any]:
    """By artefact, error rates of photos that carry it and of those free of it, and their difference."""
    settings, seed = load("evaluate", EvaluateParams), load("seed", int)
    wrong = (test["predicted"] != test["label"]).to_numpy()
    drawn_groups = intervals.resample(list(test["group"]), count=settings.bootstrap, seed=seed)
    found: dict[str, Any] = {}
    for name, column in CARRIES.items():
        score = monet[column].reindex(test["sha256"]).to_numpy(dtype=float)
        with_it, free = score >= HIGH, score < LOW
        rates = [float(wrong[some].mean()) if some.any() else None for some in (with_it, free)]
        samples = [drawn_groups.shares(wrong, some) for some in (with_it, free)]
        apart = None if rates[0] is None or rates[1] is None else rates[0] - rates[1]
        found[name] = {
            "photos": int(with_it.sum()),
            "free": int(free.sum()),
            "error": intervals.estimate(rates[0], samples[0], confidence=settings.confidence),
            "error_free": intervals.estimate(rates[1], samples[1], confidence=settings.confidence),
            "difference": intervals.estimate(apart, samples[0] - samples[1], confidence=settings.confidence),
        }
    return dict(predictions.rounded(found))


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=ROOT.parent / "shared/data/milk10k")
@click.option("--cache", type=click.Path(path_type=Path), help="Where features are kept between runs")
@click.option("--part", type=click.Choice(["planted", "cost", "milk10k"]), help="Only this part, beside earlier ones")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS)
def main(data: Path, cache: Path | None, part: str | None, out: Path) -> None:
    """Measure, write."""
    memory.keep_freed_memory()
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "planted": planted,
        "cost": cost,
        "milk10k": lambda: {"milk10k": milk10k(data, cache)},
    }
    found = read_json(out) if part and out.exists() else {}
    for name, measure in parts.items():
        if part in (None, name):
            found |= measure()
    write_json(found | {"command": "make benchmark-explain", "versions": versions()}, out)


if __name__ == "__main__":
    main()

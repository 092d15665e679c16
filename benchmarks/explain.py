"""Whether the shortcut audit catches what is planted, what a heat map costs, and what the audit says on real photos.

`python benchmarks/explain.py [--data FOLDER] [--run FOLDER] [--part planted|cost|milk10k]` writes
benchmarks/results/explain.json; with `--part`, only that part of it.

- planted: drawn photos of six classes, twice: once each photo of one class carries a watermark, in training and in test
  (drawn otherwise than the audit draws its own), once none does. EfficientNet-Lite0, the study's head. Drawn anew
  five times, with seeds that played no part when the audit's checks and limits were chosen.
- cost: a batch of heat maps against one forward and backward pass of the same network, medians of rounds.
- milk10k: the classifiers of a run of the pipeline on it (an existing one with `--run`): the audit, and error rates on
  test photos that carry hair, pen ink or gel by milk10k's MONET scores against those that do not.
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
from leakage import load
from milk10k import run_pipeline
from PIL import Image, ImageDraw

from lesionflow import tables
from lesionflow.evaluate import carrying, explanations, intervals, predictions, verdict
from lesionflow.evaluate.carrying import Carriers
from lesionflow.evaluate.settings import EvaluateParams
from lesionflow.evaluate.verdict import VerdictParams
from lesionflow.explain import auditing, corrupted, gradcam, layers, sampling
from lesionflow.explain.corrupted import Photo
from lesionflow.explain.settings import AuditParams
from lesionflow.files import read_json, write_json
from lesionflow.images import StoredPhoto, stored_photos
from lesionflow.learn import backbones, examples, features, memory, training
from lesionflow.learn import head as heads
from lesionflow.learn.backbones import Backbone, BackboneParams
from lesionflow.learn.classifier import Classifier
from lesionflow.learn.features import FeaturesParams
from lesionflow.learn.head import Head
from lesionflow.learn.head_inputs import Inputs
from lesionflow.learn.photo_views import View
from lesionflow.learn.recipes import Recipe
from lesionflow.sample import drawing
from lesionflow.sample.catalogue import LARGE, Size, catalogue

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/explain.json"
SLUGS, RECIPES = ("efficientnet_lite0", "efficientnet_lite2"), ("study", "tuned")
OF_EACH, MARKED = 40, "melanoma"
CHOSEN_ON, SEEDS = (2509, 2510, 2511, 2512), (2520, 2521, 2522, 2523, 2524)
"""Seeds of drawn photos on which the audit's checks and limits were chosen, and others, which are measured."""
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


def stamped(photo: Image.Image) -> Image.Image:
    """The photo with a white line of text where networks see it; drawn otherwise than the audit's own watermark."""
    shown = photo.copy()
    pen = ImageDraw.Draw(shown)
    top = round(0.78 * photo.height)
    pen.rectangle((0, top, photo.width, top + 17), fill="white")
    pen.text((photo.width // 4, top + 3), "synthetic sample", fill="black")
    return shown


def drawn(folder: Path, *, marked: bool, seed: int) -> tuple[dict[str, Photo], pd.DataFrame]:
    """Photos of six classes with their masks, and table split by patient; with `marked`, one class has watermarks."""
    subjects = catalogue(Size(dict.fromkeys(LARGE, OF_EACH), 0, 0, 0, 0), seed)
    labels, photos, rows = sorted(LARGE), {}, []
    for number, subject in enumerate(subjects):
        photo, mask = drawing.draw(subject, seed)
        shown = stamped(photo) if marked and subject.label == MARKED else photo
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


def corrupted_photos(
    backbone: Backbone, photos: dict[str, Photo], split: pd.DataFrame, views: tuple[View, ...]
) -> pd.DataFrame:
    """Table corrupted, as stage corrupt makes it, by torch."""
    settings, seed = load("audit", AuditParams), load("seed", int)
    names = sampling.subset(split[split["split"] == "test"], settings.photos, seed=seed)
    how, wanted = FeaturesParams(batch_size=32, views=views), {name: photos[name] for name in names}
    return corrupted.table(backbone, wanted, how, settings, seed=seed)


def judged(
    head: Head,
    card: dict[str, Any],
    table: pd.DataFrame,
    carriers: Carriers,
    split: pd.DataFrame,
    told: pd.DataFrame,
) -> dict[str, Any]:
    """What stage judge says of a head's answers on corrupted photos."""
    answers = auditing.answers(head, card, table, split, told, untold=verdict.PARTS)
    measured = load("evaluate", EvaluateParams), load("verdict", VerdictParams)
    severities, seed = load("audit", AuditParams).severities, load("seed", int)
    report = explanations.report(None, answers, None, carriers, card["labels"], severities, *measured, seed=seed)
    fails = [fail["check"] for fail in report["verdict"]["fails"]]
    return {"shortcut_audit_fails": report["shortcut_audit_fails"], "fails": fails, "audit": report["audit"]}


def carriers_of(
    card: dict[str, Any], table: pd.DataFrame, vectors: pd.DataFrame, split: pd.DataFrame, told: pd.DataFrame
) -> Carriers:
    """Which training photos look as if they carried what, as stage judge finds out."""
    photos = auditing.of_photos(card, vectors, split, told)
    return carrying.find(*auditing.of_corrupted(card, table, split, told), *photos, verdict.ARTEFACTS)


def trained(split: pd.DataFrame, vectors: pd.DataFrame, labels: list[str]) -> tuple[Head, float]:
    """The study's head on these features, and its accuracy on test."""
    matrix = examples.join(split, vectors, Inputs(), tables.TRAITS.empty())
    train, val, test = (examples.part(split, matrix, part) for part in ("train", "val", "test"))
    head = training.fit(train, val, labels, load("recipes.study", Recipe), seed=load("seed", int)).head.eval()
    right = head.probabilities(test.features).argmax(axis=1) == test.class_ids
    return head, round(float(right.mean()), 4)


def planted() -> dict[str, Any]:
    """Whether the audit catches the planted shortcut, and what it says of models that have none, by seed."""
    seeds = {str(seed): planted_in(seed) for seed in SEEDS}
    caught, flagged = ([told[name]["shortcut_audit_fails"] for told in seeds.values()] for name in ("planted", "clean"))
    return {
        "of_each_class": OF_EACH,
        "marked": MARKED,
        "limits_chosen_on_seeds": list(CHOSEN_ON),
        "drawn": seeds,
        "shortcut_caught": all(caught),
        "clean_flagged": any(flagged),
        "caught": sum(caught),
        "flagged": sum(flagged),
    }


def planted_in(seed: int) -> dict[str, Any]:
    """The audit of the head that had a shortcut to learn, and of the one that had none, on photos of one seed."""
    found: dict[str, Any] = {}
    for name, marked in (("planted", True), ("clean", False)):
        with tempfile.TemporaryDirectory() as room:
            backbone, labels = backbone_of(SLUGS[0]), sorted(LARGE)
            photos, split = drawn(Path(room), marked=marked, seed=seed)
            stored = {sha256: photo.stored for sha256, photo in photos.items()}
            how = FeaturesParams(batch_size=32)
            vectors = features.with_cached(backbone, stored, tables.FEATURES.empty(), how, key="drawn")
            head, accuracy = trained(split, vectors, labels)
            table = corrupted_photos(backbone, photos, split, ("full",))
        card, nothing = {"labels": labels}, tables.TRAITS.empty()
        told = judged(head, card, table, carriers_of(card, table, vectors, split, nothing), split, nothing)
        lowest = min(row["severity"] for row in told["audit"] if row["severity"] > 0)
        weakest = [
            row for row in told.pop("audit") if row["severity"] == lowest and row["corruption"] in verdict.ARTEFACTS
        ]
        shown = {row["corruption"]: {key: row[key] for key in ("raised", "carried", "pulled")} for row in weakest}
        found[name] = {"test_accuracy": accuracy, **told, "artefacts": shown}
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


def milk10k(run: Path, data: Path) -> dict[str, Any]:
    """The audit of every classifier of a run, and error rates on photos that carry artefacts.

    Parameters
    ----------
    run : a folder in which the pipeline ran on milk10k (see benchmarks/milk10k.py).
    """
    outputs = run / "outputs"
    split, ingested, told = (
        tables.read(outputs / f"{one.name}.parquet", one) for one in (tables.SPLIT, tables.INGESTED, tables.TRAITS)
    )
    photos = {name: Photo(photo, None) for name, photo in stored_photos(ingested, outputs / "shards").items()}
    monet = scores(ingested, data)
    models: dict[str, Any] = {}
    recognised: dict[str, Any] = {}
    for slug in SLUGS:
        table = corrupted_photos(backbone_of(slug), photos, split, ("full", "zoom"))
        vectors = tables.read(outputs / "features" / f"{slug}.parquet", tables.FEATURES)
        for name in (f"{slug}-{recipe}" for recipe in RECIPES):
            head, card = heads.load(outputs / "heads" / name)
            said = tables.read(outputs / "predictions" / f"{name}.parquet", tables.PREDICTIONS)
            carriers = carriers_of(card, table, vectors, split, told)
            recognised.setdefault(slug, _recognised(carriers, split.loc[split["split"] == "train", "sha256"], monet))
            errors = _carrying(said[said["split"] == "test"], monet)
            models[name] = judged(head, card, table, carriers, split, told) | {"carrying": errors}
    counts = {"photos": len(split), "test_photos": int((split["split"] == "test").sum())}
    return {**counts, "recognised": recognised, "models": models}


def scores(ingested: pd.DataFrame, data: Path) -> pd.DataFrame:
    """The MONET scores of photos, by the content hash under which they are stored."""
    published = pd.read_csv(data / "metadata.csv").set_index("sha256")[list(CARRIES.values())]
    rows = ingested[ingested["status"] == "stored"].drop_duplicates("sha256")
    return published.reindex(rows["fetched_sha256"]).set_index(rows["sha256"].to_numpy())


def _recognised(carriers: Carriers, train: "pd.Series[str]", monet: pd.DataFrame) -> dict[str, Any]:
    """By artefact, the share that looks so of the training photos that carry it, minus that of those free of it."""
    settings, seed = load("evaluate", EvaluateParams), load("seed", int)
    resamples = intervals.resample(list(carriers.rows["group"]), count=settings.bootstrap, seed=seed)
    found: dict[str, Any] = {}
    for name, column in CARRIES.items():
        score, looks = monet[column].reindex(train).to_numpy(dtype=float), carriers.looks[name].to_numpy(dtype=bool)
        with_it, free = score >= HIGH, score < LOW
        apart = float(looks[with_it].mean() - looks[free].mean()) if with_it.any() and free.any() else None
        samples = resamples.shares(looks, with_it) - resamples.shares(looks, free)
        told = intervals.estimate(apart, samples, confidence=settings.confidence)
        found[name] = {"photos": int(with_it.sum()), "free": int(free.sum()), **told}
    return dict(predictions.rounded(found))


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
@click.option("--run", type=click.Path(path_type=Path), help="Where the pipeline ran on milk10k  [default: anew]")
@click.option("--part", type=click.Choice(["planted", "cost", "milk10k"]), help="Only this part, beside earlier ones")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS)
def main(data: Path, run: Path | None, part: str | None, out: Path) -> None:
    """Measure, write."""
    memory.keep_freed_memory()

    def real() -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as room:
            if run is None:
                run_pipeline(Path(room) / "clone", data.resolve())
            return {"milk10k": milk10k(run or Path(room) / "clone", data)}

    command = "make benchmark-explain" if part is None else "python benchmarks/explain.py --part <part>"
    parts: dict[str, Callable[[], dict[str, Any]]] = {"planted": planted, "cost": cost, "milk10k": real}
    found = read_json(out) if part and out.exists() else {}
    for name, measure in parts.items():
        if part in (None, name):
            found |= measure()
            write_json(found | {"command": command, "versions": versions()}, out)


if __name__ == "__main__":
    main()

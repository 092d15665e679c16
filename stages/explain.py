"""Heat maps of one classifier: method and layer chosen on validation, scored on test photos, and shown."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.errors import argument, command
from lesionflow.explain.explaining import Explainer
from lesionflow.explain.settings import ExplainParams
from lesionflow.images import stored_masks, stored_photos
from lesionflow.learn import backbones, memory
from lesionflow.learn.backbones import BackboneParams
from lesionflow.learn.classifier import load_classifier

OUTPUTS = Path("outputs")


@command
def main() -> None:
    """Write explain/<name>/ (pictures and index.json) and map_scores/<name>.parquet, .json and -artefacts.parquet."""
    name, seed, settings = argument("classifier"), params.load("seed", int), params.load("explain", ExplainParams)
    memory.keep_freed_memory()
    slug, _ = params.parts_of(name)
    backbone = backbones.load(slug, params.load(f"models.{slug}", BackboneParams))
    classifier, card = load_classifier(backbone, OUTPUTS / "heads" / name)
    predictions = tables.read(OUTPUTS / "predictions" / f"{name}.parquet", tables.PREDICTIONS)
    ingested = tables.read(OUTPUTS / "ingested.parquet", tables.INGESTED)
    stored = stored_photos(ingested, OUTPUTS / "shards"), stored_masks(ingested, OUTPUTS / "shards")
    traits = tables.read(OUTPUTS / "traits.parquet", tables.TRAITS)
    explainer = Explainer(backbone, classifier, card["labels"], predictions, *stored, traits, settings, seed=seed)
    found = explainer.explain(OUTPUTS / "explain" / name, name=name)
    folder = OUTPUTS / "map_scores"
    tables.write(found.scores, folder / f"{name}.parquet", tables.MAP_SCORES)
    tables.write(found.artefacts, folder / f"{name}-artefacts.parquet", tables.ARTEFACT_MAPS)
    files.write_json(found.told, folder / f"{name}.json")


if __name__ == "__main__":
    main()

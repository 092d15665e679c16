"""Extract the frozen features of one model for every photo of the split, computing only what is not cached."""

from functools import partial
from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.errors import argument, command
from lesionflow.images import stored_photos
from lesionflow.learn import backbones, feature_parts, features, memory
from lesionflow.learn.backbones import BackboneParams
from lesionflow.learn.features import FeaturesParams

OUTPUTS = Path("outputs")


@command
def main() -> None:
    """Write features/<slug>.parquet and backbones/<slug>.json."""
    slug = argument("model")
    memory.keep_freed_memory()
    backbone = backbones.load(slug, params.load(f"models.{slug}", BackboneParams))
    settings = params.load("extract_features", FeaturesParams)
    wanted = list(tables.read(OUTPUTS / "split.parquet", tables.SPLIT)["sha256"])
    stored = stored_photos(tables.read(OUTPUTS / "ingested.parquet", tables.INGESTED), OUTPUTS / "shards")
    photos = features.selected(stored, wanted)
    description = backbone.describe()
    path = OUTPUTS / "features" / f"{slug}.parquet"
    known = tables.read_cached(path, tables.FEATURES, columns=["key"])
    settings = features.settled(settings, backbone, description, known)
    cached = partial(tables.read_cached, path, tables.FEATURES)
    parts = feature_parts.in_parts(
        backbone, photos, lambda ends: cached(between=ends), settings, key=features.cache_key(description, settings)
    )
    tables.write_parts(parts, path, tables.FEATURES)
    files.write_json(description, OUTPUTS / "backbones" / f"{slug}.json")


if __name__ == "__main__":
    main()

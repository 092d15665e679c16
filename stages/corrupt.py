"""One pass of a backbone over corrupted test photos, from which every head on it is audited."""

from pathlib import Path

from lesionflow import params, tables
from lesionflow.errors import argument, command
from lesionflow.explain import corrupted, sampling
from lesionflow.explain.corrupted import Photo
from lesionflow.explain.settings import AuditParams
from lesionflow.images import stored_masks, stored_photos
from lesionflow.learn import backbones, features, memory
from lesionflow.learn.backbones import BackboneParams
from lesionflow.learn.features import FeaturesParams

OUTPUTS = Path("outputs")


@command
def main() -> None:
    """Write corrupted/<model>.parquet."""
    slug, seed, settings = argument("model"), params.load("seed", int), params.load("audit", AuditParams)
    memory.keep_freed_memory()
    backbone = backbones.load(slug, params.load(f"models.{slug}", BackboneParams))
    split, ingested = (tables.read(OUTPUTS / f"{one.name}.parquet", one) for one in (tables.SPLIT, tables.INGESTED))
    names = sampling.subset(split[split["split"] == "test"], settings.photos, seed=seed)
    photos, masks = stored_photos(ingested, OUTPUTS / "shards"), stored_masks(ingested, OUTPUTS / "shards")
    asked = params.load("extract_features", FeaturesParams)
    known = tables.read(OUTPUTS / "features" / f"{slug}.parquet", tables.FEATURES, columns=["sha256", "view", "key"])
    how = features.settled(asked, backbone, backbone.describe(), known)
    wanted = {name: Photo(photos[name], masks.get(name)) for name in names}
    path = OUTPUTS / "corrupted" / f"{slug}.parquet"
    earlier = tables.read_cached(path, tables.CORRUPTED)
    found = corrupted.table(backbone, wanted, how, settings, seed=seed, cached=earlier)
    tables.write(found, path, tables.CORRUPTED)


if __name__ == "__main__":
    main()

"""Features of the photos from elsewhere, by the backbone, settings and engine of the run's own."""

from pathlib import Path

import pandas as pd

from lesionflow import tables
from lesionflow.errors import LesionflowError
from lesionflow.images import stored_photos
from lesionflow.learn import backbones, feature_parts, features
from lesionflow.learn.backbones import BackboneParams
from lesionflow.learn.features import FeaturesParams


def extract(
    folder: Path, outputs: Path, slug: str, settings: FeaturesParams, backbone_settings: BackboneParams
) -> None:
    """Write features/<slug>.parquet into `folder`: of every stored photo, what is there already taken as it is.

    Raises
    ------
    LesionflowError : the run's own features were computed by another network, preprocessing or library.
    """
    backbone = backbones.load(slug, backbone_settings)
    description = backbone.describe()
    own = tables.read(outputs / "features" / f"{slug}.parquet", tables.FEATURES, columns=["key"])
    settings = features.settled(settings, backbone, description, own)
    key = features.cache_key(description, settings)
    if set(own["key"]) != {key}:
        raise LesionflowError(
            f"features of {slug}",
            got="the run's own were computed by other weights, preprocessing, device or library versions",
            expected="the same for photos from elsewhere",
            remedy="Run `dvc repro extract_features` here first.",
        )
    ingested = tables.read(folder / "ingested.parquet", tables.INGESTED)
    photos = stored_photos(ingested, folder / "shards")
    path = folder / "features" / f"{slug}.parquet"

    def cached(ends: tuple[str, str]) -> pd.DataFrame:
        return tables.read_cached(path, tables.FEATURES, between=ends)

    tables.write_parts(feature_parts.in_parts(backbone, photos, cached, settings, key=key), path, tables.FEATURES)

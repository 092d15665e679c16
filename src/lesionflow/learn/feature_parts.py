"""The pass over many photos, part by part: here, or on the GPUs and machines of a cluster."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

import pandas as pd

from lesionflow import parallel
from lesionflow.images import StoredPhoto
from lesionflow.learn import backbones, features
from lesionflow.learn.backbones import Backbone, BackboneParams
from lesionflow.learn.determinism import device
from lesionflow.learn.engines import Engine
from lesionflow.learn.features import FeaturesParams

PART = 4096
"""Photos whose features are held in memory at once; also a row group of the table."""
DECODERS = 4
"""Threads that decode for one GPU of a cluster: more than 1,000 photos a second."""
Cached = Callable[[tuple[str, str]], pd.DataFrame]
"""Gives the cached rows of the photos between two content hashes."""


def in_parts(
    backbone: Backbone, photos: Mapping[str, StoredPhoto], cached: Cached, settings: FeaturesParams, *, key: str
) -> Iterator[pd.DataFrame]:
    """The table of features in parts of `PART` photos, so that memory does not grow with the photos.

    Where LESIONFLOW_BACKEND names a cluster, each part is computed by one of its workers, on a GPU of its own where
    this machine has one: the same rows in the same order.
    """
    parts = [{name: photos[name] for name in some} for some in parallel.chunked(sorted(photos), PART)]
    if parallel.elsewhere():
        work = _Part(backbone.slug, backbone.settings, cached, settings, key)
        gpus = 1 if device().type == "cuda" else 0
        yield from parallel.map_ordered(work, parts, desc=f"features {backbone.slug}", unit="part", gpus=gpus)
        return
    run = None
    for some in parts:
        rows = cached(_ends(some))
        if run is None and not _all_there(rows, list(some), settings, key):
            run = features.engine(backbone, settings)
        yield features.with_cached(backbone, some, rows, settings, key=key, run=run)


def _ends(some: Mapping[str, StoredPhoto]) -> tuple[str, str]:
    return min(some), max(some)


def _all_there(rows: pd.DataFrame, names: Sequence[str], settings: FeaturesParams, key: str) -> bool:
    mine = rows[(rows["key"] == key) & rows["sha256"].isin(names) & rows["view"].isin(settings.views)]
    return len(mine) == len(names) * len(settings.views)


class _Part:
    """The features of one part, computed where this is called; a worker loads the backbone once."""

    def __init__(self, slug: str, backbone: BackboneParams, cached: Cached, settings: FeaturesParams, key: str) -> None:
        self.slug, self.backbone, self.cached, self.settings, self.key = slug, backbone, cached, settings, key

    def __call__(self, some: dict[str, StoredPhoto]) -> pd.DataFrame:
        loaded, run = _loaded(self.slug, self.backbone, self.settings)
        # A worker without a GPU has one processor.
        threads = DECODERS if device().type == "cuda" else 1
        rows = self.cached(_ends(some))
        return features.with_cached(loaded, some, rows, self.settings, key=self.key, run=run, threads=threads)


@lru_cache(maxsize=1)
def _loaded(slug: str, backbone: BackboneParams, settings: FeaturesParams) -> tuple[Backbone, Engine]:
    loaded = backbones.load(slug, backbone)
    return loaded, features.engine(loaded, settings)

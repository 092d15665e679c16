"""One pass of a frozen backbone over photos: features that depend on the photo alone, never on its company."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.metadata import version
from threading import Lock
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import PIL
import timm
import torch
from pydantic import Field, PositiveInt
from torch import Tensor

from lesionflow import parallel
from lesionflow.errors import LesionflowError
from lesionflow.images import StoredPhoto, UnreadableImageError
from lesionflow.learn import engines, photo_views
from lesionflow.learn.backbones import Backbone
from lesionflow.learn.determinism import device
from lesionflow.learn.engines import Engine
from lesionflow.learn.photo_views import View
from lesionflow.params import Section

VERSION = 5
"""Raised when this module computes other features for the same photo, so that no cached row outlives its meaning."""
Rows = npt.NDArray[np.float32]


class FeaturesParams(Section):
    """Photos a batch, the views of each photo, and who computes on a CPU (see engines)."""

    batch_size: PositiveInt
    engine: Literal["auto", "torch", "onnx"] = "torch"
    views: tuple[View, ...] = Field(("full",), min_length=1)


def settled(
    settings: FeaturesParams, backbone: Backbone, description: dict[str, Any], cached: pd.DataFrame
) -> FeaturesParams:
    """The settings with `auto` replaced by an engine's name: that of the cached features, or the faster one here."""
    keys = set(cached["key"])

    def used(name: str) -> bool:
        return cache_key(description, settings.model_copy(update={"engine": name})) in keys

    name = engines.chosen(settings.engine, backbone, batch_size=settings.batch_size, device=device(), used=used)
    return settings.model_copy(update={"engine": name})


def cache_key(description: dict[str, Any], settings: FeaturesParams) -> str:
    """Digest of all that decides a photo's features; rows with another key are of no use."""
    # Licence and the like may be corrected without touching a feature. Batch size, device, engine and libraries decide
    # the kernels, and so the rounding.
    deciding = {
        name: description[name] for name in ("timm", "weights_sha256", "preprocessing", "width", "pooling", "depths")
    }
    libraries = {library.__name__: library.__version__ for library in (torch, timm, PIL)}
    libraries |= {"onnxruntime": version("onnxruntime")} if settings.engine == "onnx" else {}
    kernels = [settings.batch_size, settings.engine, device().type]
    text = json.dumps([deciding, kernels, libraries, VERSION], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def selected(stored: Mapping[str, StoredPhoto], wanted: Iterable[str]) -> dict[str, StoredPhoto]:
    """The stored photos of these content hashes.

    Raises
    ------
    LesionflowError : one of them is not stored.
    """
    absent = sorted(set(wanted) - set(stored))
    if absent:
        raise LesionflowError(
            f"photo {absent[0]}",
            got=f"not in the shards, as {len(absent)} photos of the split",
            expected="every photo of the split stored",
            remedy="Run `dvc repro`, which makes the tables and the shards anew.",
        )
    return {sha256: stored[sha256] for sha256 in wanted}


def extract(
    backbone: Backbone,
    photos: Sequence[StoredPhoto],
    settings: FeaturesParams,
    wanted: Sequence[str] = ("full",),
    *,
    run: Engine | None = None,
    threads: int | None = None,
) -> Rows:
    """Features (photos, wanted views, width), float32, in the order of `photos`; each photo is decoded once.

    Parameters
    ----------
    run : spares building the settings' engine anew (see `engine`).
    threads : by default as `engines.threads` has it.

    Raises
    ------
    LesionflowError : a photo cannot be decoded, or a feature is NaN or infinite; the message names the photo.
    """
    rows = np.empty((len(photos), len(wanted), backbone.width), dtype=np.float32)
    if not photos:
        return rows
    work = _Batch(backbone, wanted, run or engine(backbone, settings))
    batches, start = parallel.chunked(photos, settings.batch_size), 0
    for found in engines.each(work, batches, desc=f"features {backbone.slug}", unit="batch", many=threads):
        rows[start : start + len(found)] = found
        start += len(found)
    return rows


class _Batch:
    """Features (photos, views, width) of some photos: decoded, made numbers and passed through the network.

    Several threads call it, so that one decodes while another computes. A network on a GPU is asked by one at a time.
    """

    def __init__(self, backbone: Backbone, wanted: Sequence[str], run: Engine) -> None:
        self.backbone, self.wanted, self.run = backbone, wanted, run
        self.pinned = device().type == "cuda"
        self.turn: AbstractContextManager[Any] = Lock() if self.pinned else nullcontext()

    def __call__(self, photos: Sequence[StoredPhoto]) -> Rows:
        pixels = torch.stack([self._decoded(photo) for photo in photos], dim=1)  # of a view, all photos in one piece
        if self.pinned:
            pixels = pixels.pin_memory()
        with self.turn:
            # View by view: whatever others are asked for, a view's kernels and rounding are the same.
            rows = np.stack([passed(self.backbone, self.run, of_view) for of_view in pixels], axis=1)
        _refuse_non_finite(rows, photos, self.backbone)
        return rows

    def _decoded(self, photo: StoredPhoto) -> Tensor:
        try:
            picture = self.backbone.preprocess.decoded(photo.read())
        except UnreadableImageError as error:
            what = f"{photo.shard.name}: photo {photo.sha256}: {error}"
            raise LesionflowError(what, remedy="Run `dvc repro -f ingest`.") from None
        return photo_views.tensors(picture, self.backbone.preprocess.pixels, self.wanted)


def passed(backbone: Backbone, run: Engine, pixels: Tensor) -> Rows:
    """Features (photos, width) of pixels (photos, 3, H, W) of 0-255."""
    # Bytes go to a GPU, not the fourfold of floats; from pinned memory without waiting.
    return run(backbone.preprocess.numbers(pixels.to(device(), non_blocking=True)))


def engine(backbone: Backbone, settings: FeaturesParams) -> Engine:
    """The engine of these settings."""
    name: engines.Name = "onnx" if settings.engine == "onnx" else "torch"
    return engines.build(name, backbone, batch_size=settings.batch_size, device=device())


def _refuse_non_finite(rows: Rows, photos: Sequence[StoredPhoto], backbone: Backbone) -> None:
    broken = ~np.isfinite(rows).all(axis=(1, 2))
    if broken.any():
        first = photos[int(np.flatnonzero(broken)[0])]
        raise LesionflowError(
            f"features of {backbone.slug}: photo {first.sha256}",
            got="NaN or infinity",
            expected="finite numbers",
            remedy="Look at the photo, and at the weights of the backbone.",
        )


def with_cached(
    backbone: Backbone,
    photos: Mapping[str, StoredPhoto],
    cached: pd.DataFrame,
    settings: FeaturesParams,
    *,
    key: str,
    run: Engine | None = None,
    threads: int | None = None,
) -> pd.DataFrame:
    """The table of features of exactly `photos` in the views asked for.

    Rows of `cached` with this key are taken, and the missing ones computed, all of a photo in one pass. `run` and
    `threads` are as of `extract`.
    """
    rows = cached[(cached["key"] == key) & cached["sha256"].isin(photos) & cached["view"].isin(settings.views)]
    lacking: dict[tuple[str, ...], list[str]] = {}
    have = rows.groupby("sha256")["view"].agg(frozenset).to_dict()
    for sha256 in sorted(photos):
        missing = tuple(view for view in settings.views if view not in have.get(sha256, ()))
        if missing:
            lacking.setdefault(missing, []).append(sha256)
    computed = []
    for views, names in sorted(lacking.items()):
        some = [photos[name] for name in names]
        computed.append(_rows(names, views, extract(backbone, some, settings, views, run=run, threads=threads), key))
    return pd.concat([rows, *computed], ignore_index=True)


def _rows(names: Sequence[str], of_views: Sequence[str], found: Rows, key: str) -> pd.DataFrame:
    """The table's rows of features (photos, views, width)."""
    frames = [
        pd.DataFrame({"sha256": list(names), "view": view, "key": key, "features": list(found[:, place])})
        for place, view in enumerate(of_views)
    ]
    return pd.concat(frames, ignore_index=True)

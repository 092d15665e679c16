"""One pass of a frozen backbone over photos: features that depend on the photo alone, never on its company."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import PIL
import timm
import torch
from pydantic import Field, PositiveInt
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from lesionflow import images, parallel
from lesionflow.errors import LesionflowError
from lesionflow.images import StoredPhoto, UnreadableImageError
from lesionflow.learn import engines, photo_views
from lesionflow.learn.backbones import Backbone
from lesionflow.learn.determinism import deterministic, device
from lesionflow.learn.engines import Engine
from lesionflow.learn.photo_views import View
from lesionflow.params import Section

VERSION = 2
"""Raised when this module computes other features for the same photo, so that no cached row outlives its meaning."""
FEW = 64
"""Up to this many photos, starting worker processes would cost more than they save."""
Rows = npt.NDArray[np.float32]
MOST_WORKERS = 16
"""More decoding processes than this would only hold more batches in shared memory."""


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


class _Photos(Dataset[Tensor | LesionflowError]):
    """The photos as pixels (views, 3, H, W), resized and cropped as the checkpoint asks.

    An error is returned, not raised: DataLoader would wrap a raised one in the worker's traceback.
    """

    def __init__(self, photos: Sequence[StoredPhoto], backbone: Backbone, wanted: Sequence[str]) -> None:
        self.photos = photos
        self.pixels = backbone.preprocess.pixels
        self.wanted = wanted

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, index: int) -> Tensor | LesionflowError:
        photo = self.photos[index]
        try:
            return photo_views.tensors(images.decode(photo.read()), self.pixels, self.wanted)
        except UnreadableImageError as error:
            what = f"{photo.shard.name}: photo {photo.sha256}: {error}"
            return LesionflowError(what, remedy="Run `dvc repro -f ingest`.")
        except LesionflowError as error:
            return error


def _stacked(items: list[Tensor | LesionflowError]) -> Tensor | LesionflowError:
    tensors = []
    for item in items:
        if isinstance(item, LesionflowError):
            return item
        tensors.append(item)
    return torch.stack(tensors)


def extract(
    backbone: Backbone,
    photos: Sequence[StoredPhoto],
    settings: FeaturesParams,
    wanted: Sequence[str] = ("full",),
    *,
    run: Engine | None = None,
    decoders: int | None = None,
) -> Rows:
    """Features (photos, wanted views, width), float32, in the order of `photos`; each photo is decoded once.

    Parameters
    ----------
    run : spares building the settings' engine anew (see `engine`).
    decoders : processes that decode beside the network, 0 for none; by default as many as there are workers.

    Raises
    ------
    LesionflowError : a photo cannot be decoded, or a feature is NaN or infinite; the message names the photo.
    """
    rows = np.empty((len(photos), len(wanted), backbone.width), dtype=np.float32)
    if not photos:
        return rows
    run, start = run or engine(backbone, settings), 0
    for batch in _batches(backbone, photos, wanted, settings.batch_size, decoders):
        end = start + len(batch)
        # View by view: whatever others are asked for, a view's kernels and rounding are the same.
        for place in range(len(wanted)):
            with deterministic():
                filled = _filled_up(backbone.preprocess.numbers(batch[:, place]), settings.batch_size)
                rows[start:end, place] = run(filled)[: len(batch)]
        _refuse_non_finite(rows[start:end], photos[start:end], backbone)
        start = end
    return rows


def engine(backbone: Backbone, settings: FeaturesParams) -> Engine:
    """The engine of these settings."""
    name: engines.Name = "onnx" if settings.engine == "onnx" else "torch"
    return engines.build(name, backbone, batch_size=settings.batch_size, device=device())


def _batches(
    backbone: Backbone, photos: Sequence[StoredPhoto], wanted: Sequence[str], size: int, decoders: int | None
) -> Iterator[Tensor]:
    decoders = min(parallel.workers(), MOST_WORKERS) if decoders is None else decoders
    loader = DataLoader(
        _Photos(photos, backbone, wanted),
        batch_size=size,
        num_workers=0 if len(photos) <= FEW else decoders,
        collate_fn=_stacked,
        pin_memory=device().type == "cuda",
    )
    for batch in parallel.progress(loader, desc=f"features {backbone.slug}", unit="batch", total=len(loader)):
        if isinstance(batch, LesionflowError):
            raise batch
        yield batch


def _filled_up(batch: Tensor, size: int) -> Tensor:
    """Fill the last batch with zeros: the kernels, and so the rounding, are chosen by the batch's size."""
    return torch.cat([batch, batch.new_zeros(size - len(batch), *batch.shape[1:])])


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
    decoders: int | None = None,
) -> pd.DataFrame:
    """The table of features of exactly `photos` in the views asked for.

    Rows of `cached` with this key are taken, and the missing ones computed, all of a photo in one pass. `run` and
    `decoders` are as of `extract`.
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
        computed.append(_rows(names, views, extract(backbone, some, settings, views, run=run, decoders=decoders), key))
    return pd.concat([rows, *computed], ignore_index=True)


def _rows(names: Sequence[str], of_views: Sequence[str], found: Rows, key: str) -> pd.DataFrame:
    """The table's rows of features (photos, views, width)."""
    frames = [
        pd.DataFrame({"sha256": list(names), "view": view, "key": key, "features": list(found[:, place])})
        for place, view in enumerate(of_views)
    ]
    return pd.concat(frames, ignore_index=True)

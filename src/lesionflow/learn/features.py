"""One pass of a frozen backbone over photos: features that depend on the photo alone, never on its company."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import PIL
import timm
import torch
from pydantic import PositiveInt
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from lesionflow import images, parallel
from lesionflow.errors import LesionflowError
from lesionflow.images import StoredPhoto, UnreadableImageError
from lesionflow.learn.backbones import Backbone
from lesionflow.params import Section

VERSION = 1
"""Raised when this module computes other features for the same photo, so that no cached row outlives its meaning."""
FEW = 64
"""Up to this many photos, starting worker processes would cost more than they save."""
MOST_WORKERS = 16
"""More decoding processes than this would only hold more batches in shared memory."""


class FeaturesParams(Section):
    """Photos a batch."""

    batch_size: PositiveInt


def cache_key(description: dict[str, Any], settings: FeaturesParams) -> str:
    """Digest of all that decides a photo's features; rows with another key are of no use."""
    # Licence and the like may be corrected without touching a feature. Batch size, device and libraries decide the
    # kernels, and so the rounding.
    deciding = {name: description[name] for name in ("timm", "weights_sha256", "preprocessing", "width")}
    libraries = {library.__name__: library.__version__ for library in (torch, timm, PIL)}
    text = json.dumps([deciding, settings.batch_size, _device().type, libraries, VERSION], sort_keys=True)
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
    """The photos as tensors, preprocessed as the checkpoint asks.

    An error is returned, not raised: DataLoader would wrap a raised one in the worker's traceback.
    """

    def __init__(self, photos: Sequence[StoredPhoto], backbone: Backbone) -> None:
        self.photos = photos
        self.preprocess = backbone.preprocess

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, index: int) -> Tensor | LesionflowError:
        photo = self.photos[index]
        try:
            return self.preprocess(images.decode(photo.read()))
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


def extract(backbone: Backbone, photos: Sequence[StoredPhoto], settings: FeaturesParams) -> npt.NDArray[np.float32]:
    """Features (photos, width), float32, in the order of `photos`.

    Raises
    ------
    LesionflowError : a photo cannot be decoded, or a feature is NaN or infinite; the message names the photo.
    """
    device = _device()
    network = backbone.network.to(device).to(memory_format=torch.channels_last)
    rows = np.empty((len(photos), backbone.width), dtype=np.float32)
    start = 0
    for batch in _batches(backbone, photos, settings.batch_size, pinned=device.type == "cuda"):
        with _deterministic():
            features = _forward(network, _filled_up(batch, settings.batch_size), device)[: len(batch)]
        end = start + len(batch)
        rows[start:end] = features.float().cpu().numpy()
        _refuse_non_finite(rows[start:end], photos[start:end], backbone)
        start = end
    return rows


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def _deterministic() -> Iterator[None]:
    """Let torch take only kernels that give the same bits each time (the CPU's do already), then put things back."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic only with it
    guard: Any = torch.utils.deterministic
    before = torch.are_deterministic_algorithms_enabled(), guard.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True)
    guard.fill_uninitialized_memory = False  # for debugging, and costs time
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        guard.fill_uninitialized_memory = before[1]


def _batches(backbone: Backbone, photos: Sequence[StoredPhoto], size: int, *, pinned: bool) -> Iterator[Tensor]:
    loader = DataLoader(
        _Photos(photos, backbone),
        batch_size=size,
        num_workers=0 if len(photos) <= FEW else min(parallel.workers(), MOST_WORKERS),
        collate_fn=_stacked,
        pin_memory=pinned,
    )
    for batch in parallel.progress(loader, desc=f"features {backbone.slug}", unit="batch", total=len(loader)):
        if isinstance(batch, LesionflowError):
            raise batch
        yield batch


def _filled_up(batch: Tensor, size: int) -> Tensor:
    """Fill the last batch with zeros: the kernels, and so the rounding, are chosen by the batch's size."""
    return torch.cat([batch, batch.new_zeros(size - len(batch), *batch.shape[1:])])


def _forward(network: torch.nn.Module, batch: Tensor, device: torch.device) -> Tensor:
    photos = batch.to(device, non_blocking=True).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        features: Tensor = network(photos)
    return features


def _refuse_non_finite(rows: npt.NDArray[np.float32], photos: Sequence[StoredPhoto], backbone: Backbone) -> None:
    broken = ~np.isfinite(rows).all(axis=1)
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
) -> pd.DataFrame:
    """The table of features of exactly `photos`: rows of `cached` with this key, and the missing ones computed."""
    usable = cached[(cached["key"] == key) & cached["sha256"].isin(photos)]
    missing = sorted(set(photos) - set(usable["sha256"]))
    rows = extract(backbone, [photos[sha256] for sha256 in missing], settings)
    computed = pd.DataFrame({"sha256": missing, "key": key, "features": list(rows)})
    return pd.concat([usable, computed], ignore_index=True)

"""One pass of a frozen backbone over photos: features that depend on the photo alone, never on its company."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from lesionflow import images, parallel
from lesionflow.errors import LesionflowError
from lesionflow.images import StoredPhoto
from lesionflow.learn.backbones import Backbone
from lesionflow.params import Section

VERSION = 1
"""Raised when this module computes other features for the same photo, so that no cached row outlives its meaning."""
FEW = 64
"""Up to this many photos, starting worker processes would cost more than they save."""


class FeaturesParams(Section):
    """Photos a batch."""

    batch_size: int


def cache_key(description: dict[str, Any], settings: FeaturesParams) -> str:
    """Digest of all that decides a photo's features; rows with another key are of no use."""
    # Licence and the like may be corrected without touching a feature; batch size decides the kernels' rounding.
    deciding = {name: description[name] for name in ("timm", "weights_sha256", "preprocessing", "width")}
    text = json.dumps([deciding, settings.batch_size, VERSION], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class _Photos(Dataset[Tensor]):
    """The photos as tensors, preprocessed as the checkpoint asks."""

    def __init__(self, photos: Sequence[StoredPhoto], backbone: Backbone) -> None:
        self.photos = photos
        self.preprocess = backbone.preprocess

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, index: int) -> Tensor:
        return self.preprocess(images.decode(self.photos[index].read()))


def extract(backbone: Backbone, photos: Sequence[StoredPhoto], settings: FeaturesParams) -> npt.NDArray[np.float32]:
    """Features (photos, width), float32, in the order of `photos`.

    Raises
    ------
    LesionflowError : a feature is NaN or infinite; the message names the photo.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = backbone.network.to(device).to(memory_format=torch.channels_last)
    rows = np.empty((len(photos), backbone.width), dtype=np.float32)
    start = 0
    for batch in _batches(backbone, photos, settings.batch_size, pinned=device.type == "cuda"):
        features = _forward(network, _filled_up(batch, settings.batch_size), device)[: len(batch)]
        rows[start : start + len(batch)] = features.float().cpu().numpy()
        start += len(batch)
    _refuse_non_finite(rows, photos, backbone)
    return rows


def _batches(backbone: Backbone, photos: Sequence[StoredPhoto], size: int, *, pinned: bool) -> Iterator[Tensor]:
    loader = DataLoader(
        _Photos(photos, backbone),
        batch_size=size,
        num_workers=0 if len(photos) <= FEW else parallel.workers(),
        pin_memory=pinned,
    )
    yield from parallel.progress(loader, desc=f"features {backbone.slug}", unit="batch", total=len(loader))


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
            got=f"NaN or infinity, in {int(broken.sum())} photos",
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

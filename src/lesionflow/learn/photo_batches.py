"""Batches of decoded photos, for a network that is trained on them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lesionflow.learn.determinism import device
from lesionflow.learn.head import Classes
from lesionflow.learn.pixels import Pixels


class Photos(NamedTuple):
    """Rows (photos,) of a map of pixels, their class ids and their content hashes."""

    pixels: Pixels
    rows: npt.NDArray[np.int64]
    class_ids: Classes
    names: Sequence[str]


class Batch(NamedTuple):
    """Pixels (B, 3, H, W), class ids (B,), and names."""

    pixels: Tensor
    class_ids: Tensor
    names: Sequence[str]


def batches(photos: Photos, size: int, order: npt.NDArray[np.int64] | None = None) -> Iterator[Batch]:
    """The photos in their own order, or in another one; on a GPU from pinned memory."""
    order = np.arange(len(photos.rows)) if order is None else order
    pinned = device().type == "cuda"
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        pixels = torch.from_numpy(np.stack([photos.pixels[row] for row in photos.rows[chosen]]))
        names = [photos.names[place] for place in chosen]
        yield Batch(pixels.pin_memory() if pinned else pixels, torch.from_numpy(photos.class_ids[chosen]), names)

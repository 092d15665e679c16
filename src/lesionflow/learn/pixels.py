"""Photos decoded once: a map of what a network sees of them, and the features of the frozen network."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from lesionflow import parallel
from lesionflow.errors import LesionflowError
from lesionflow.images import StoredPhoto, UnreadableImageError
from lesionflow.learn import engines
from lesionflow.learn.backbones import Backbone
from lesionflow.learn.determinism import deterministic, device
from lesionflow.learn.head import Features
from lesionflow.learn.preprocessing import Preprocess

Pixels = npt.NDArray[np.uint8]
"""Photos (photos, 3, H, W) of 0-255, resized and cropped as the checkpoint asks; in memory or mapped from a file."""


def fill(pixels: Pixels, photos: Sequence[StoredPhoto], preprocess: Preprocess) -> None:
    """Decode each photo into its row of `pixels`.

    Raises
    ------
    LesionflowError : a photo cannot be decoded; the message names it.
    """
    decoded = parallel.map_ordered(partial(_decoded, preprocess), photos, desc="pixels", total=len(photos))
    for row, picture in enumerate(decoded):
        pixels[row] = picture


def _decoded(preprocess: Preprocess, photo: StoredPhoto) -> Pixels:
    try:
        return np.asarray(preprocess.pixels(preprocess.decoded(photo.read())).numpy())
    except UnreadableImageError as error:
        what = f"{photo.shard.name}: photo {photo.sha256}: {error}"
        raise LesionflowError(what, remedy="Run `dvc repro -f ingest`.") from None


def features(backbone: Backbone, pixels: Pixels, *, batch_size: int) -> Features:
    """Features (photos, width) of the frozen network."""
    run = engines.build("torch", backbone, batch_size=batch_size, device=device())
    found = np.empty((len(pixels), backbone.width), dtype=np.float32)
    for start in range(0, len(pixels), batch_size):
        some = torch.from_numpy(np.array(pixels[start : start + batch_size]))
        with deterministic():
            found[start : start + len(some)] = run(backbone.preprocess.numbers(some))
    return found

"""The choice of the layer by a measured score, on validation photos."""

from typing import NamedTuple

import numpy as np
from torch import Tensor, nn

from lesionflow import seeding
from lesionflow.errors import LesionflowError
from lesionflow.explain import gradcam
from lesionflow.explain.layers import Layer

SHARE = 0.2
"""Share of the photo that is blurred."""


class Choice(NamedTuple):
    """The chosen layer, and each candidate's score (None when it gave a blank map)."""

    layer: Layer
    scores: dict[str, float | None]


def choose(
    classifier: nn.Module, photos: Tensor, targets: list[int], candidates: list[Layer], method: str, *, seed: int
) -> Choice:
    """The candidate whose maps lose the most confidence beyond a random mask of the same area; the last layer on a tie.

    Raises
    ------
    LesionflowError : every candidate gave a blank map for some photo.
    """
    scores: dict[str, float | None] = {}
    best: tuple[float, Layer] | None = None
    for layer in candidates:
        found = gradcam.maps(classifier, photos, targets, layer, method)
        score = None if gradcam.broken(found).all() else score_of(classifier, photos, targets, found, seed=seed)
        scores[layer.name] = score
        if score is not None and (best is None or score > best[0]):
            best = (score, layer)
    if best is None:
        raise LesionflowError(
            "explain: every candidate layer gives blank maps",
            got=", ".join(scores),
            remedy="Try another explain.method in params.yaml.",
        )
    return Choice(best[1], scores)


def score_of(classifier: nn.Module, photos: Tensor, targets: list[int], found: gradcam.Maps, *, seed: int) -> float:
    """Mean drop under the map minus mean drop under a random mask of coarse cells."""
    rng = seeding.generator(seed, "random mask")
    side = photos.shape[-1]
    coarse = rng.random((len(photos), 7, 7)).astype(np.float32)
    cells = np.linspace(0, 7, side, endpoint=False).astype(int)
    random = coarse[:, cells][:, :, cells]
    drops = [gradcam.confidence_drop(classifier, photos, targets, m, share=SHARE) for m in (found, random)]
    return round(float(drops[0].mean() - drops[1].mean()), 6)

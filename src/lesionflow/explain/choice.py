"""The choice of layer and method by a measured score, on validation photos."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, nn

from lesionflow.errors import LesionflowError
from lesionflow.explain import baselines, gradcam
from lesionflow.explain.layers import Layer

SHARE = 0.2
"""Share of the photo that is blurred."""


class Choice(NamedTuple):
    """The chosen layer and method, and each candidate's score by name (None when all its maps were blank)."""

    layer: Layer
    method: str
    layers: dict[str, float | None]
    methods: dict[str, float | None]


def choose(
    classifier: nn.Module,
    photos: Tensor,
    targets: list[int],
    candidates: Sequence[Layer],
    methods: Sequence[str],
    *,
    seed: int,
) -> Choice:
    """The layer whose maps by the first method cost the most confidence beyond random maps, then the method at it.

    On a tie the last layer, and the method that is named first.

    Raises
    ------
    LesionflowError : every layer gave a blank map for every photo.
    """
    score = _Scoring(classifier, photos, targets, seed=seed)
    layers = {layer.name: score(layer, methods[0]) for layer in candidates}
    found = _best(layers)
    if found is None:
        raise LesionflowError(
            "explain: every candidate layer gives blank maps",
            got=", ".join(layers),
            remedy="Try another first method in explain.methods of params.yaml.",
        )
    layer = next(one for one in candidates if one.name == found)
    scores = {method: layers[found] if method == methods[0] else score(layer, method) for method in methods}
    return Choice(layer, _best(scores) or methods[0], layers, scores)


def _best(scores: dict[str, float | None]) -> str | None:
    """The name of the highest score, of equal ones the first."""
    defined = {name: score for name, score in scores.items() if score is not None}
    return max(defined, key=lambda name: defined[name]) if defined else None


class _Scoring:
    """Mean confidence lost under a map, beyond what random maps of the same area cost."""

    def __init__(self, classifier: nn.Module, photos: Tensor, targets: list[int], *, seed: int) -> None:
        self.given = (classifier, photos, targets)
        random = baselines.random_maps(list(map(str, range(len(photos)))), photos.shape[-1], seed=seed)
        self.chance = self._lost(random)

    def _lost(self, found: gradcam.Maps) -> float:
        return float(gradcam.confidence_drop(*self.given, found, share=SHARE).mean())

    def __call__(self, layer: Layer, method: str) -> float | None:
        found = gradcam.maps(*self.given, layer, method)
        return None if gradcam.broken(found).all() else round(self._lost(found) - self.chance, 6)

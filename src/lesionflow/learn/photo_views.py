"""Views of a photo: what of it a backbone looks at. Deterministic, and made from one decoding."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args

import torch
from PIL import Image
from torch import Tensor

View = Literal["full", "zoom", "full_flipped", "zoom_flipped"]
Basic = Literal["full", "zoom"]
FLIPPED = "_flipped"
VIEWS: tuple[View, ...] = get_args(View)
MAGNIFIED = 2
"""How many times the resolution of the whole photo a zoomed view asks for."""


def zoomed(picture: Image.Image) -> Image.Image:
    """The middle square of half the shorter side: of a close-up mostly the lesion, at twice the resolution."""
    side = max(1, min(picture.size) // MAGNIFIED)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side))


def tensors(picture: Image.Image, preprocess: Callable[[Image.Image], Tensor], views: Sequence[str]) -> Tensor:
    """The views (V, 3, H, W) of one decoded photo, each by `preprocess` (or the half of it that makes pixels).

    A flipped one is the mirror image of what the network would see.
    """
    basic = {name: preprocess(picture if name == "full" else zoomed(picture)) for name in _basic(views)}
    return torch.stack([_of(basic, view) for view in views])


def _basic(views: Sequence[str]) -> list[str]:
    return sorted({view.removesuffix(FLIPPED) for view in views})


def _of(basic: Mapping[str, Tensor], view: str) -> Tensor:
    tensor = basic[view.removesuffix(FLIPPED)]
    return tensor.flip(-1) if view.endswith(FLIPPED) else tensor


def needed(basic: Sequence[str], *, flips: bool) -> list[str]:
    """The views that a head's input is made of, in the order in which `joined` takes them.

    >>> needed(["full", "zoom"], flips=True)
    ['full', 'full_flipped', 'zoom', 'zoom_flipped']
    """
    return [f"{view}{ending}" for view in basic for ending in (("", FLIPPED) if flips else ("",))]


def joined(features: Tensor, *, flips: bool) -> Tensor:
    """A head's input (B, width * basic views) from features (B, V, width) of the views `needed`.

    A view and its mirror image are averaged, different views stand side by side.
    """
    if flips:
        features = (features[:, 0::2] + features[:, 1::2]) / 2
    return features.flatten(1)

"""Light augmentation: mirror images, drawn for each epoch and photo, whatever the batch."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lesionflow import seeding


def flipped(pixels: Tensor, names: Sequence[str], *, epoch: int, seed: int) -> Tensor:
    """Photos (B, 3, H, W), each mirrored left to right, and upside down, with an even chance of its own.

    Skin has no up and down. The draw depends on seed, epoch and the photo's name alone.
    """
    return torch.stack(
        [_of(one, seeding.derive(seed, "flip", epoch, name)) for one, name in zip(pixels, names, strict=True)]
    )


def _of(photo: Tensor, drawn: int) -> Tensor:
    sides = [side for bit, side in ((1, -1), (2, -2)) if drawn & bit]
    return photo.flip(sides) if sides else photo

"""A checkpoint's preprocessing in two halves: pixels, made where photos are decoded, and numbers, made a batch at once.

Values are timm's but for rounding, at less cost: photos are resized as bytes, by torch in place of Pillow, and stay
bytes until they are a batch.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import torch
from PIL import Image
from timm.data.transforms import MaybeToTensor
from torch import Tensor
from torch.utils import dlpack
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Normalize, Resize, ToTensor, v2
from torchvision.transforms import functional as operations

from lesionflow import images
from lesionflow.learn.photo_views import MAGNIFIED

MODES = (InterpolationMode.BICUBIC, InterpolationMode.BILINEAR)
"""In which torch resizes bytes as Pillow does, but for rounding."""


class Preprocess:
    """A decoded photo to the network's input (3, H, W); `pixels` and then `numbers` give the same.

    Raises
    ------
    TypeError : timm's transform does not end in ToTensor and Normalize, as all of its evaluation transforms do.
    """

    def __init__(self, transform: Compose) -> None:
        *geometry, to_tensor, normalise = transform.transforms
        if not isinstance(to_tensor, (MaybeToTensor, ToTensor)) or not isinstance(normalise, Normalize):
            raise TypeError(f"a transform of another kind: {transform}")
        self.of_bytes, self.geometry = _of_bytes(geometry), Compose(geometry)
        self.at_least = _at_least(geometry)
        self.mean, self.std = ([float(value) for value in values] for values in (normalise.mean, normalise.std))

    def decoded(self, content: bytes) -> Image.Image:
        """A photo large enough for every view: a phone's JPEG at 1/2, 1/4 or 1/8 of its scale, anything else whole.

        The scale is the same whichever views are asked for, so that features depend on the photo alone.

        Raises
        ------
        UnreadableImageError : see `images.decode`.
        """
        return images.decode(content, at_least=self.at_least)

    def pixels(self, picture: Image.Image) -> Tensor:
        """Resized and cropped, (3, H, W) of 0-255."""
        if self.of_bytes is None:
            return _bytes(self.geometry(picture))
        found: Tensor = self.of_bytes(_lent(picture))
        return found[:3]

    def numbers(self, pixels: Tensor) -> Tensor:
        """Pixels (..., 3, H, W) as the network takes them."""
        scaled = pixels.to(torch.get_default_dtype()).div_(255)
        normal: Tensor = operations.normalize(scaled, self.mean, self.std, inplace=True)
        return normal

    def __call__(self, picture: Image.Image) -> Tensor:
        """The network's input."""
        return self.numbers(self.pixels(picture))


def _bytes(picture: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)


def _lent(picture: Image.Image) -> Tensor:
    """Bytes (4, H, W) where Pillow keeps them, not to be written: it pads RGB to four, as torch does to resize."""
    try:
        pixels = pa.array(picture)
    except ValueError:  # a picture so large that it lies in several pieces
        return _bytes(picture)
    lent: Tensor = dlpack.from_dlpack(pixels.flatten())
    return lent.view(picture.height, picture.width, -1).permute(2, 0, 1)


def _at_least(steps: list[Any]) -> int | None:
    """Pixels of the shorter side that every view needs; None when photos are not first resized to a side."""
    if not steps or not isinstance(steps[0], Resize):
        return None
    size = steps[0].size
    return MAGNIFIED * (int(size) if isinstance(size, int) else max(map(int, size)))


def _of_bytes(steps: list[Any]) -> v2.Transform | None:
    """The steps on tensors of bytes, when each is one that torch does alike.

    Of milk10k's photos, 5 values in 1,000 differ, by one level of 255.
    """
    found: list[v2.Transform] = []
    for step in steps:
        if isinstance(step, Resize) and step.interpolation in MODES:
            found.append(v2.Resize(step.size, step.interpolation, step.max_size, antialias=True))
        elif isinstance(step, CenterCrop):
            found.append(v2.CenterCrop(step.size))
        else:
            return None
    return v2.Compose(found)

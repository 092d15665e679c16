"""A checkpoint's preprocessing in two halves: pixels, made where photos are decoded, and numbers, made a batch at once.

Values are timm's but for rounding, at less cost: bytes go between processes instead of floats, and only what the crop
keeps is resized.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image
from timm.data.transforms import MaybeToTensor
from torch import Tensor
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Normalize, Resize, ToTensor
from torchvision.transforms import functional as operations

MODES = {
    InterpolationMode.BICUBIC: Image.Resampling.BICUBIC,
    InterpolationMode.BILINEAR: Image.Resampling.BILINEAR,
}


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
        self.geometry = _kept_part(geometry) or Compose(geometry)
        self.mean, self.std = ([float(value) for value in values] for values in (normalise.mean, normalise.std))

    def pixels(self, picture: Image.Image) -> Tensor:
        """Resized and cropped, (3, H, W) of 0-255."""
        return torch.from_numpy(np.array(self.geometry(picture))).permute(2, 0, 1)

    def numbers(self, pixels: Tensor) -> Tensor:
        """Pixels (..., 3, H, W) as the network takes them."""
        scaled = pixels.to(torch.get_default_dtype()).div_(255)
        normal: Tensor = operations.normalize(scaled, self.mean, self.std, inplace=True)
        return normal

    def __call__(self, picture: Image.Image) -> Tensor:
        """The network's input."""
        return self.numbers(self.pixels(picture))


def _kept_part(steps: list[Any]) -> Callable[[Image.Image], Image.Image] | None:
    """Resize and crop in one, when that is what the steps are: by rounding, few pixels differ by a level or two of 255.

    Of milk10k's photos, six in 100,000, by one level.
    """
    if len(steps) != 2 or not isinstance(steps[0], Resize) or not isinstance(steps[1], CenterCrop):
        return None
    size, crop = steps[0].size, steps[1].size
    if not isinstance(size, int) or steps[0].interpolation not in MODES or steps[0].max_size is not None:
        return None
    return (
        None
        if crop[0] != crop[1] or crop[0] > size
        else _KeptPart(Compose(steps), size, crop[0], MODES[steps[0].interpolation])
    )


class _KeptPart:
    """The shorter side resized to `size`, then the middle square of `crop`; what is enlarged, step by step."""

    def __init__(self, steps: Compose, size: int, crop: int, mode: Image.Resampling) -> None:
        self.steps, self.size, self.crop, self.mode = steps, size, crop, mode

    def __call__(self, picture: Image.Image) -> Image.Image:
        """The middle square; places and rounding as torchvision's."""
        width, height = picture.size
        short = min(width, height)
        if short < self.size:
            enlarged: Image.Image = self.steps(picture)
            return enlarged
        resized = [self.size * side // short for side in (width, height)]
        box = []
        for side, full in zip(resized, (width, height), strict=True):
            start = round((side - self.crop) / 2.0)
            box.append((start * full / side, min((start + self.crop) * full / side, full)))
        corners = (box[0][0], box[1][0], box[0][1], box[1][1])
        return picture.resize((self.crop, self.crop), self.mode, box=corners)

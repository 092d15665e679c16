import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.transforms import Compose, Normalize, Resize, ToTensor

from lesionflow.images import StoredPhoto
from lesionflow.learn import backbones
from lesionflow.learn.backbones import BackboneParams
from lesionflow.learn.preprocessing import Preprocess


def jpeg(seed: int, size: tuple[int, int] = (90, 70)) -> bytes:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(stream, "JPEG")
    return stream.getvalue()


def grey(level: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), (level,) * 3).save(stream, "PNG")
    return stream.getvalue()


class Brightness(nn.Module):
    """One feature, the mean of the picture; NaN above a limit."""

    def __init__(self, limit: float = 9.0) -> None:
        super().__init__()
        self.limit = limit

    def forward(self, photos):
        mean = photos.mean(dim=(1, 2, 3))[:, None]
        return torch.where(mean > self.limit, torch.nan, mean)


@pytest.fixture
def store(tmp_path):
    """Put contents one after the other into a shard; the photos are named a, b, c, ..."""

    def put(contents: list[bytes], shard: str = "shard.tar") -> list[StoredPhoto]:
        path: Path = tmp_path / shard
        path.write_bytes(b"".join(contents))
        starts = np.cumsum([0, *map(len, contents)])
        return [StoredPhoto(chr(97 + i), path, int(starts[i]), len(content)) for i, content in enumerate(contents)]

    return put


@pytest.fixture
def photos(store):
    return store([jpeg(seed) for seed in range(6)])


@pytest.fixture
def make_params():
    def make(timm: str = "test_resnet.r160_in1k", input_size: int | None = None, **weights: object) -> BackboneParams:
        weights = {"source": "random", "licence": "none", "trained_on": "ImageNet-1k", **weights}
        return BackboneParams.model_validate({"timm": timm, "weights": weights, "input_size": input_size})

    return make


@pytest.fixture
def backbone(make_params):
    return backbones.load("tiny", make_params())


@pytest.fixture
def simple(backbone):
    steps = [Resize((8, 8)), ToTensor(), Normalize([0.0] * 3, [1.0] * 3)]  # numbers from 0 to 1
    return dataclasses.replace(backbone, pooled=Brightness(), preprocess=Preprocess(Compose(steps)), width=1)

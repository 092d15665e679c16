"""A tiny untrained classifier and drawn photos with their masks."""

import io

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from lesionflow.images import StoredPhoto
from lesionflow.learn import backbones
from lesionflow.learn.backbones import BackboneParams
from lesionflow.learn.classifier import Classifier
from lesionflow.learn.head import Head
from lesionflow.learn.head_inputs import Inputs

LABELS = ["acne", "eczema", "naevus"]


def encoded(pixels, kind):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


@pytest.fixture(scope="session")
def tiny():
    """timm's own test network, untrained, on small photos."""
    weights = {"source": "random", "licence": "none", "trained_on": "nothing"}
    return backbones.load("tiny", BackboneParams(timm="test_efficientnet.r160_in1k", weights=weights, input_size=96))


@pytest.fixture(scope="session")
def zooming(tiny):
    """A classifier of two views."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return Classifier(tiny, Head(2 * tiny.width, 8, 3, 0.4).eval(), Inputs(("full", "zoom")))


@pytest.fixture(scope="session")
def lesions(tmp_path_factory):
    """12 photos of a dark spot on bright noise, and their masks, by name."""
    folder, photos, masks = tmp_path_factory.mktemp("lesions"), {}, {}
    for place in range(12):
        rng = np.random.default_rng(place)
        pixels = rng.integers(120, 250, (120, 160, 3), dtype=np.uint8)
        mask = np.zeros((120, 160), dtype=np.uint8)
        top, left = rng.integers(35, 55), rng.integers(55, 75)
        mask[top : top + 30, left : left + 30] = 255
        pixels[mask > 0] //= 3
        for kind, content, stored in (("JPEG", pixels, photos), ("PNG", mask, masks)):
            path = folder / f"{place:02}.{kind}"
            path.write_bytes(encoded(content, kind))
            stored[f"{place:02}"] = StoredPhoto(f"{place:02}", path, 0, path.stat().st_size)
    return photos, masks


@pytest.fixture
def split(lesions):
    """Table split of these photos: four of each class, the last eight of them test, the others val."""
    names = list(lesions[0])
    rows = [{"sha256": name, "label": LABELS[place % 3], "class_id": place % 3} for place, name in enumerate(names)]
    return pd.DataFrame(rows).assign(record_id=names, group=names, split=["val"] * 4 + ["test"] * 8)

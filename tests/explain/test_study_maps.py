"""Grad-CAM through each network of the study, untrained, at its own input size."""

from pathlib import Path

import pytest
import torch

from lesionflow import params
from lesionflow.explain import gradcam, layers
from lesionflow.learn import backbones
from lesionflow.learn.backbones import BackboneParams
from lesionflow.learn.classifier import Classifier
from lesionflow.learn.head import Head

PARAMS = Path(__file__).parents[2] / "params.yaml"
# The last grid before pooling: 1/32 of the input for CNNs and Swin, 1/16 for ViT.
GRIDS = {"resnet50": 7, "efficientnet_b0": 7, "mobilenetv2": 7, "vit_base": 14, "swin_tiny": 7, "swin_base": 12}


@pytest.mark.parametrize("slug", GRIDS)
def test_a_network_of_the_study_has_maps(slug):
    settings = params.load(f"models.{slug}", BackboneParams, PARAMS)
    untrained = settings.weights.model_copy(update={"source": "random"})
    backbone = backbones.load(slug, settings.model_copy(update={"weights": untrained}))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        classifier = Classifier(backbone, Head(backbone.width, 16, 3, 0.4).eval())
        photos = torch.rand(2, 3, backbone.input_size, backbone.input_size)
    layer = layers.candidates(backbone.network, backbone.input_size, count=1)[0]
    sizes = []
    layer.module.register_forward_hook(lambda _m, _i, output: sizes.append(layer.reshape(output).shape[2:]))
    # Of the three logits of an untrained head, some get no positive evidence; the largest over all classes must.
    maps = [gradcam.maps(classifier, photos, [label, label], layer, "gradcam") for label in range(3)]
    assert set(sizes) == {(GRIDS[slug], GRIDS[slug])}
    assert all(found.shape == (2, backbone.input_size, backbone.input_size) for found in maps)
    assert any(not gradcam.broken(found).all() for found in maps)

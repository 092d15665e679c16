"""The study's six networks, untrained, at their own input size, through all that learning does with them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from lesionflow import images, params
from lesionflow.evaluate import predictions
from lesionflow.evaluate.settings import EvaluateParams
from lesionflow.learn import backbones, features, head, training
from lesionflow.learn.backbones import BackboneParams
from lesionflow.learn.classifier import load_classifier
from lesionflow.learn.features import FeaturesParams
from lesionflow.learn.recipes import Recipe
from lesionflow.learn.training import Examples

PARAMS = Path(__file__).parents[2] / "params.yaml"
# Width of the pooled features, and the side of the input that the pinned tag was trained at.
STUDY = {
    "resnet50": (2048, 224),
    "efficientnet_b0": (1280, 224),
    "mobilenetv2": (1280, 224),
    "vit_base": (768, 224),
    "swin_tiny": (768, 224),
    "swin_base": (1024, 384),
}


@pytest.mark.parametrize("slug", STUDY)
def test_a_network_of_the_study_learns_predicts_and_is_measured(slug, photos, tmp_path):
    settings = params.load(f"models.{slug}", BackboneParams, PARAMS)
    assert settings.weights.source == "hub"
    untrained = settings.weights.model_copy(update={"source": "random"})
    backbone = backbones.load(slug, settings.model_copy(update={"weights": untrained}))
    assert (backbone.width, backbone.input_size) == STUDY[slug]

    matrix = features.extract(backbone, photos[:3], FeaturesParams(batch_size=3))[:, 0]
    assert len(np.unique(matrix, axis=0)) == 3  # the features tell the photos apart
    recipe = params.load("recipes.study", Recipe, PARAMS).model_copy(update={"max_epochs": 2})
    part = Examples(matrix, np.arange(3))
    fit = training.fit(part, part, ["a", "b", "c"], recipe, seed=0)

    card = {"labels": ["a", "b", "c"], "width": backbone.width, "hidden": recipe.hidden, "dropout": recipe.dropout}
    head.save(fit.head, tmp_path / slug, card | {"weights_sha256": backbone.describe()["weights_sha256"]})
    classifier, _ = load_classifier(backbone, tmp_path / slug)
    whole = classifier.probabilities(torch.stack([backbone.preprocess(images.decode(p.read())) for p in photos[:3]]))
    np.testing.assert_allclose(whole, fit.head.probabilities(matrix), atol=1e-4)

    split = pd.DataFrame({"sha256": ["1", "2", "3"], "split": "test", "group": ["1", "2", "3"]})
    split = split.assign(label=card["labels"], class_id=range(3))
    table = predictions.table(split, fit.head.probabilities(matrix), card["labels"], model=slug)
    measured = predictions.report(table, card["labels"], params.load("evaluate", EvaluateParams, PARAMS), seed=0)
    # Three classes and top-3: always right, whatever an untrained network says.
    assert measured["test"]["top_3"] == {"value": 1, "low": 1, "high": 1}

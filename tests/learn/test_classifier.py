import numpy as np
import pytest
import torch

from lesionflow import images
from lesionflow.errors import LesionflowError
from lesionflow.learn import backbones, features, head, weights
from lesionflow.learn.classifier import Batch, Classifier, load_classifier
from lesionflow.learn.features import FeaturesParams
from lesionflow.learn.head import Head
from lesionflow.learn.head_inputs import Inputs


def card(backbone: backbones.Backbone) -> dict:
    digest = weights.digest(backbone.network)
    return {"labels": ["a", "b", "c"], "width": backbone.width, "hidden": 8, "dropout": 0.4, "weights_sha256": digest}


@pytest.mark.parametrize("name", ["test_resnet.r160_in1k", "test_vit.r160_in1k"])
def test_classifier_equals_the_head_on_cached_features(make_params, photos, tmp_path, name):
    backbone = backbones.load("tiny", make_params(name))
    made = Head(backbone.width, 8, 3, 0.4)
    head.save(made, tmp_path / "head", card(backbone))
    cached = made.probabilities(features.extract(backbone, photos, FeaturesParams(batch_size=4))[:, 0])
    classifier, found = load_classifier(backbone, tmp_path / "head")
    whole = classifier.probabilities(
        torch.stack([backbone.preprocess(images.decode(photo.read())) for photo in photos])
    )
    np.testing.assert_allclose(whole, cached, atol=1e-4)
    assert found["labels"] == ["a", "b", "c"]


def test_a_head_of_another_width_is_refused(backbone):
    with pytest.raises(LesionflowError) as raised:
        Classifier(backbone, Head(backbone.width + 1, 8, 3, 0.4))
    assert str(raised.value) == (
        f"head of tiny\n  got:      a head for {backbone.width + 1} features\n"
        f"  expected: {backbone.width}, as the backbone gives\n  to do:    Run `dvc repro train`."
    )


def test_a_head_of_other_weights_is_refused(backbone, make_params, tmp_path):
    head.save(Head(backbone.width, 8, 3, 0.4), tmp_path / "head", card(backbone))
    other = backbones.load("other", make_params())
    with pytest.raises(LesionflowError, match="the backbone's weights are not those that the head was trained on"):
        load_classifier(other, tmp_path / "head")


def test_the_logits_of_the_first_view_hold_the_others_constant(backbone):
    classifier = Classifier(backbone, Head(2 * backbone.width, 8, 3, 0.4), Inputs(("full", "zoom")))
    views = torch.rand(2, 2, 3, backbone.input_size, backbone.input_size, generator=torch.Generator().manual_seed(0))
    whole = classifier.of_first_view(classifier.holding(views, torch.zeros(2, 0)))
    with torch.inference_mode():
        torch.testing.assert_close(whole(views[:, 0]), classifier(views))
        other = views.clone()
        other[:, 0] = 0
        torch.testing.assert_close(whole(other[:, 0]), classifier(other))
        assert not torch.allclose(whole(other[:, 0]), classifier(views), atol=1e-4)


def test_a_gradient_reaches_the_first_view(backbone):
    classifier = Classifier(backbone, Head(backbone.width, 8, 3, 0.4), Inputs(("full",), flips=True))
    views = torch.rand(1, 2, 3, backbone.input_size, backbone.input_size, generator=torch.Generator().manual_seed(0))
    photo = views[:, 0].clone().requires_grad_(True)
    classifier.of_first_view(classifier.holding(views, torch.zeros(1, 0)))(photo)[0, 0].backward()
    assert photo.grad.abs().sum() > 0


def test_metadata_is_held_constant_too(backbone):
    spec = {"age": {"mean": 50.0, "std": 10.0}}
    classifier = Classifier(backbone, Head(backbone.width + 2, 8, 3, 0.4), Inputs(clinical=spec))
    views = torch.rand(2, 1, 3, backbone.input_size, backbone.input_size, generator=torch.Generator().manual_seed(0))
    told = torch.tensor([[3.0, 0.0], [-2.0, 0.0]])  # 80 and 30 years
    whole = classifier.of_first_view(classifier.holding(views, told))
    with torch.inference_mode():
        torch.testing.assert_close(whole(views[:, 0]), classifier(views, told))
        assert not torch.allclose(whole(views[:, 0]), classifier(views), atol=1e-4)
        torch.testing.assert_close(whole(views[:1, 0]), classifier(views[:1], told[:1]))


def test_a_part_of_a_batch_has_its_own_views_and_metadata():
    numbers = torch.arange(3.0)
    batch = Batch(numbers.reshape(3, 1, 1, 1), numbers.reshape(3, 1, 1), numbers[:, None])
    assert len(batch[1:]) == 2
    for some in (batch[[2, 0]].photos, batch[[2, 0]].held, batch[[2, 0]].told):
        assert some.flatten().tolist() == [2.0, 0.0]
    assert Batch.joined([batch[1:], batch[[0]]]).told.flatten().tolist() == [1.0, 2.0, 0.0]

import numpy as np
import pytest
import torch
from torch import nn

from lesionflow.errors import LesionflowError
from lesionflow.explain import choice, gradcam, layers


class Quadrants(nn.Module):
    """Frozen: class 0 speaks for light in the upper left quarter, class 1 for light in the lower right one."""

    def __init__(self):
        super().__init__()
        self.stage = nn.Sequential(nn.AvgPool2d(4), nn.Identity())
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, photos):
        grid = self.stage(photos) * self.scale
        return torch.stack([grid[:, 0, :4, :4].sum((1, 2)), grid[:, 1, 4:, 4:].sum((1, 2))], dim=1)


@pytest.fixture
def quadrants():
    return Quadrants().requires_grad_(False).eval()


def light():
    """Channel 0 is lit in the upper left quarter, channel 1 in the lower right one; 32 x 32."""
    photos = torch.zeros(2, 3, 32, 32)
    photos[:, 0, :16, :16] = 1
    photos[:, 1, 16:, 16:] = 1
    return photos


def test_map_lies_where_the_class_gets_its_evidence(quadrants):
    layer = layers.candidates(quadrants, 32, count=1)[0]
    found = gradcam.maps(quadrants, light(), [0, 1], layer, "gradcam")
    assert found.shape == (2, 32, 32)
    # Far from the borders that interpolation softens, the map is 1 in the class's quarter and 0 in the opposite one.
    assert found[0, 8, 8] == pytest.approx(1)
    assert found[0, 24, 24] == pytest.approx(0)
    assert found[1, 24, 24] == pytest.approx(1)
    assert found[1, 8, 8] == pytest.approx(0)


def test_hooks_are_gone_afterwards(quadrants):
    layer = layers.candidates(quadrants, 32, count=1)[0]
    gradcam.maps(quadrants, light(), [0, 1], layer, "gradcam")
    assert not any(module._forward_hooks for module in quadrants.modules())


def test_constant_and_non_finite_maps_are_broken():
    found = np.stack([np.zeros((4, 4)), np.full((4, 4), np.nan), np.eye(4)]).astype(np.float32)
    assert gradcam.broken(found).tolist() == [True, True, False]


def test_mostly_blank_maps_are_an_error(quadrants):
    layer = layers.Layer("stage", quadrants.stage, lambda output: output)
    with pytest.raises(LesionflowError, match=r"most maps of gradcam at layer stage are blank.*\n.*2 of 3"):
        gradcam.refuse_broken(np.stack([np.zeros((4, 4))] * 2 + [np.eye(4)]), layer, "gradcam")


def test_hiding_the_evidence_costs_more_confidence_than_hiding_elsewhere(quadrants):
    photos = light()
    quarter = np.zeros((2, 32, 32), dtype=np.float32)
    quarter[0, :16, :16] = quarter[1, 16:, 16:] = 1
    there = gradcam.confidence_drop(quadrants, photos, [0, 1], quarter, share=0.25)
    elsewhere = gradcam.confidence_drop(quadrants, photos, [0, 1], np.flip(quarter, (1, 2)).copy(), share=0.25)
    assert (there > elsewhere).all()


def test_the_layer_whose_maps_cost_most_confidence_is_chosen(quadrants):
    good = layers.Layer("good", quadrants.stage, lambda output: output)
    upside_down = layers.Layer("upside down", quadrants.stage, lambda output: output.flip((2, 3)))
    chosen = choice.choose(quadrants, light(), [0, 1], [upside_down, good], ["gradcam", "layercam"], seed=1)
    assert chosen.layer is good
    assert chosen.layers["good"] > chosen.layers["upside down"]
    # The gradient is the same everywhere within a quarter: both methods draw the same map, and the first one is taken.
    assert chosen.method == "gradcam"
    assert list(chosen.methods) == ["gradcam", "layercam"]


def test_candidates_that_are_all_blank_are_an_error(quadrants):
    blank = layers.Layer("blank", quadrants.stage, lambda output: output * 0)
    with pytest.raises(LesionflowError, match="every candidate layer gives blank maps"):
        choice.choose(quadrants, light(), [0, 1], [blank], ["gradcam"], seed=1)


def test_nothing_before_the_layer_gets_a_gradient(quadrants):
    layer = layers.candidates(quadrants, 32, count=1)[0]
    photos = light().requires_grad_(True)
    gradcam.maps(quadrants, photos, [0, 1], layer, "gradcam")
    assert photos.grad is None


def test_later_work_in_place_does_not_disturb_the_map():
    class InPlace(Quadrants):
        def forward(self, photos):
            grid = torch.relu_(self.stage(photos).mul_(2))
            return torch.stack([grid[:, 0, :4, :4].sum((1, 2)), grid[:, 1, 4:, 4:].sum((1, 2))], dim=1)

    network = InPlace().requires_grad_(False).eval()
    layer = layers.candidates(network, 32, count=1)[0]
    found = gradcam.maps(network, light(), [0, 1], layer, "gradcam")
    assert found[0, 8, 8] == pytest.approx(1)
    assert found[0, 24, 24] == pytest.approx(0)

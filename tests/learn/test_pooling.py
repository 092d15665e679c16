import numpy as np
import pytest
import torch

from lesionflow.errors import LesionflowError
from lesionflow.learn import backbones
from lesionflow.learn.backbones import BackboneParams

TINY = [f"test_{kind}.r160_in1k" for kind in ("resnet", "vit", "efficientnet")]
NETWORKS = [*TINY, "swin_tiny_patch4_window7_224"]


def load(make_params, name, **changes):
    return backbones.load("tiny", BackboneParams.model_validate(make_params(name).model_dump() | changes))


def photos(backbone):
    return torch.rand(2, 3, backbone.input_size, backbone.input_size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", TINY)
def test_without_a_wish_the_features_are_the_studys_average(make_params, name):
    backbone = load(make_params, name)
    assert backbone.pooled is backbone.network


@pytest.mark.parametrize("name", NETWORKS)
def test_poolings_stand_side_by_side_with_the_average_first(make_params, name):
    plain, both = load(make_params, name), load(make_params, name, pooling="avg+max", depths=(-2,))
    only = load(make_params, name, pooling="max")
    with torch.inference_mode():
        batch = photos(plain)
        average, joined, largest = (one.pooled(batch) for one in (plain, both, only))
        maps = plain.network.forward_intermediates(batch, intermediates_only=True)
    width = plain.width
    assert both.width == joined.shape[1] == width + only.width + maps[-2].shape[1]
    np.testing.assert_allclose(joined[:, :width], average, atol=1e-5)
    np.testing.assert_allclose(joined[:, width : width + only.width], largest, atol=1e-5)
    # The stage before the last, averaged over its places.
    np.testing.assert_allclose(joined[:, width + only.width :], maps[-2].mean(dim=(2, 3)), atol=1e-5)


def test_what_a_network_does_not_offer_is_told(make_params):
    with pytest.raises(LesionflowError, match=r"models\.tiny\n  got:      depths \[-9\], of a network of"):
        load(make_params, NETWORKS[0], depths=(-9,))
